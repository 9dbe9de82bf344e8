"""A certificate for nobody: without a default one, Traefik makes an RSA key at every change of
routes, which takes longer (up to 0.3 s) than everything else in that change together.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VALID_FOR = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The two files; they exist once `made_in` returned it."""

    certificate: Path
    key: Path


def made_in(folder: Path) -> Certificate:
    """The one of last time, or a new one. The certificate is written last: it stands for both."""
    files = Certificate(folder / "default.crt", folder / "default.key")
    if not files.certificate.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        files.key.touch(mode=0o600)
        files.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        files.certificate.write_bytes(_self_signed(key))
    return files


def _self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kyozo router")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + VALID_FOR)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)
