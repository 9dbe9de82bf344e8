"""Which certificate authorities this machine trusts beyond Debian's own list."""

import hashlib
import re
import ssl
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

BUNDLE_VARIABLES = (
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
LOCAL = "usr/local/share/ca-certificates"
DEBIAN = "usr/share/ca-certificates"
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def extra_certificates(environ: Mapping[str, str], *, root: Path = Path("/")) -> dict[str, str]:
    """Certificates (PEM by fingerprint) that Debian's ca-certificates package does not bring."""
    known = {mark for path in _files(root / DEBIAN) for mark in _certificates(path)}
    places = [*_files(root / LOCAL), *_bundles(environ)]
    found = {mark: pem for path in places for mark, pem in _certificates(path).items()}
    return {mark: found[mark] for mark in sorted(found.keys() - known)}


def _files(folder: Path) -> Iterator[Path]:
    return folder.rglob("*.crt")


def _bundles(environ: Mapping[str, str]) -> list[Path]:
    return [Path(path) for path in {environ.get(name, "") for name in BUNDLE_VARIABLES} if path]


def _certificates(path: Path) -> Mapping[str, str]:
    """The certificates of a file by fingerprint; it is read again only when it has changed."""
    try:
        found = path.stat()
        return _read(path, found.st_mtime_ns, found.st_size)
    except OSError:
        return {}


@lru_cache(maxsize=512)
def _read(path: Path, _mtime_ns: int, _size: int) -> Mapping[str, str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    found = {}
    for match in CERTIFICATE.finditer(text):
        try:
            der = ssl.PEM_cert_to_DER_cert(match[0])
        except ValueError:
            continue
        found[hashlib.sha256(der).hexdigest()] = match[0] + "\n"
    return found
