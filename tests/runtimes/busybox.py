"""A tiny image for engine tests, made from Debian's busybox: nothing is ever pulled."""

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

import docker
import docker.errors

IMAGE = "kyozo-test/busybox:1"
INSTALLED = (Path("/bin/busybox"), Path("/usr/bin/busybox"))


def ensure_image(engine_url: str) -> str:
    """The image's name; made on the first call on this engine."""
    client = docker.APIClient(base_url=engine_url, version="auto")
    try:
        client.inspect_image(IMAGE)  # type: ignore[no-untyped-call]
    except docker.errors.ImageNotFound:
        repository, _, tag = IMAGE.partition(":")
        client.import_image_from_data(_archive(_static_binary()), repository=repository, tag=tag)
    finally:
        client.close()
    return IMAGE


def _static_binary() -> bytes:
    """The machine's own busybox may need libraries, so only a static one is taken."""
    for path in INSTALLED:
        if path.exists() and b"/ld-linux" not in (binary := path.read_bytes()):
            return binary
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["apt-get", "download", "busybox-static"], cwd=folder, check=True, capture_output=True
        )
        package = next(Path(folder).glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)
        return next(Path(folder).rglob("bin/busybox")).read_bytes()


def _archive(binary: bytes) -> bytes:
    """/bin/busybox and a link for every program in it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(_entry("bin", kind=tarfile.DIRTYPE))
        archive.addfile(_entry("tmp", kind=tarfile.DIRTYPE, mode=0o1777))
        program = _entry("bin/busybox")
        program.size = len(binary)
        archive.addfile(program, io.BytesIO(binary))
        for name in ("sh", "sleep", "true", "false", "echo", "cat", "nc", "id", "dd", "yes", "ps"):
            link = _entry(f"bin/{name}", kind=tarfile.SYMTYPE)
            link.linkname = "busybox"
            archive.addfile(link)
    return buffer.getvalue()


def _entry(name: str, *, kind: bytes = tarfile.REGTYPE, mode: int = 0o755) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = mode
    return entry
