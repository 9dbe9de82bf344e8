"""What images take over from the machine: its certificates and registries, never a password."""

import ssl
import subprocess
from pathlib import Path

import pytest

from services.builds.base_images.certificates import extra_certificates
from services.builds.base_images.host import host_settings

LOCAL = "usr/local/share/ca-certificates"
DEBIAN = "usr/share/ca-certificates/mozilla"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two certificates that nobody knows."""
    return [_certificate(tmp_path_factory.mktemp("ca"), name) for name in ("one", "two")]


def _certificate(folder: Path, name: str) -> str:
    target = folder / "ca.pem"
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    files = ("-keyout", str(folder / "key"), "-out", str(target))
    subprocess.run(
        ["openssl", "req", "-x509", *key, "-subj", f"/CN={name}", *files],
        check=True,
        capture_output=True,
    )
    return target.read_text()


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_authorities_added_to_the_machine_are_taken_over(
    tmp_path: Path, authorities: list[str]
) -> None:
    write(tmp_path, f"{LOCAL}/company.crt", authorities[0])
    bundle = write(tmp_path, "bundle.pem", "# a comment\n" + "".join(authorities))

    found = extra_certificates({"SSL_CERT_FILE": str(bundle)}, root=tmp_path)

    wanted = {ssl.PEM_cert_to_DER_cert(pem) for pem in authorities}
    assert {ssl.PEM_cert_to_DER_cert(pem) for pem in found.values()} == wanted


def test_what_debian_brings_itself_is_left_to_it(tmp_path: Path, authorities: list[str]) -> None:
    write(tmp_path, f"{DEBIAN}/known.crt", authorities[0])
    bundle = write(tmp_path, "bundle.pem", authorities[0])

    assert extra_certificates({"PIP_CERT": str(bundle)}, root=tmp_path) == {}


def test_a_bundle_that_is_not_there_is_no_harm(tmp_path: Path) -> None:
    assert extra_certificates({"SSL_CERT_FILE": "/nowhere"}, root=tmp_path) == {}


def test_indexes_of_pip_and_npm_are_taken_over(tmp_path: Path) -> None:
    write(tmp_path, "etc/pip.conf", "[global]\nindex-url = https://index.example/simple\n")
    write(
        tmp_path, "home/me/.npmrc", "registry=https://npm.example/\n//npm.example/:_authToken=s\n"
    )

    files = host_settings({"HOME": "/home/me"}, root=tmp_path).files

    assert files["etc/pip.conf"] == "[global]\nindex-url = https://index.example/simple\n"
    assert files["etc/uv/uv.toml"] == 'index-url = "https://index.example/simple"\n'
    assert files["usr/local/etc/npmrc"] == "registry=https://npm.example/\n"


def test_the_environment_wins_over_files(tmp_path: Path) -> None:
    write(tmp_path, "etc/pip.conf", "[global]\nindex-url = https://old.example/\n")

    files = host_settings({"PIP_INDEX_URL": "https://new.example/"}, root=tmp_path).files

    assert "new.example" in files["etc/pip.conf"]


def test_addresses_with_a_password_and_local_folders_stay_outside(tmp_path: Path) -> None:
    write(
        tmp_path, "etc/pip.conf", "[global]\nextra-index-url = file:///srv https://u:p@x.example/\n"
    )

    settings = host_settings({}, root=tmp_path)

    assert settings.files == {}
    assert settings.left_out == ("pip extra-index-url",)


def test_a_damaged_configuration_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, "etc/pip.conf", "no section\x00here")

    assert host_settings({}, root=tmp_path).files == {}
