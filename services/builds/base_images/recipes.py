"""What one local image is made of: parent, Dockerfile, files and wheels, and a hash of all."""

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.builds.base_images.host import HostSettings
from services.builds.base_images.tools import CODENAMES, TOOLS, Offer, Wheel
from services.builds.refs import HUB, full_name
from services.errors import BuildError, NotFoundError

DOCKERFILES = Path(__file__).with_name("dockerfiles")
PREFIX = "kyozo/"
FULL_PREFIX = f"{HUB}/{PREFIX}"
PIP_TIMEOUT_S = 300
BOOTSTRAP_PACKAGES = ("ca-certificates", "netbase", "passwd", "tzdata")
BOOTSTRAP_EDITION = "1"  # raise it to have every machine make its Debian anew


class UnknownImageError(NotFoundError):
    code = "image.unknown"


class DownloadError(BuildError):
    code = "image.download_failed"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to make `ref`. `parent` is another recipe's ref, or a bare Debian where there is none."""

    ref: str
    tool: str
    offer: Offer
    parent: str
    hash: str


def local_ref(tool: str, version: str) -> str:
    return f"{PREFIX}{tool}:{version}"


def rootfs_ref(debian: str) -> str:
    return f"{PREFIX}rootfs:{CODENAMES[debian]}"


def rootfs_hash(debian: str) -> str:
    return _digest(BOOTSTRAP_EDITION, debian, *BOOTSTRAP_PACKAGES)


def is_local(ref: str) -> bool:
    """However it is written: what was pulled as `docker.io/kyozo/...` would lie on the engine under
    our short names, so such an image is only ever made here."""
    return full_name(ref).startswith(FULL_PREFIX)


def recipe(ref: str, host: HostSettings) -> Recipe:
    """The recipe of one of our own image names; its hash covers everything it is laid upon."""
    tool, _, version = full_name(ref).removeprefix(FULL_PREFIX).partition(":")
    offers = TOOLS[tool].offers if tool in TOOLS and is_local(ref) else ()
    for offer in offers:
        if offer.version == version:
            return _recipe(local_ref(tool, version), tool, offer, host)
    raise UnknownImageError(
        f"{ref} is not an image that can be made here", fix="See the list: kyozo images ls"
    )


def _recipe(ref: str, tool: str, offer: Offer, host: HostSettings) -> Recipe:
    parts = [repr(offer), dockerfile(tool), *(repr(item) for item in _files(tool))]
    if tool == "debian":
        parent = rootfs_ref(offer.debian)
        below = rootfs_hash(offer.debian) + host.fingerprint
    else:
        parent = PREFIX + (offer.on or f"debian:{offer.debian}")
        below = recipe(parent, host).hash
    return Recipe(ref, tool, offer, parent, _digest(below, *parts))


def dockerfile(tool: str) -> str:
    return (DOCKERFILES / f"{tool}.Dockerfile").read_text(encoding="utf-8")


def _files(tool: str) -> list[tuple[str, bytes]]:
    """The files that the tool's Dockerfile names."""
    text = dockerfile(tool)
    names = sorted(path.name for path in (DOCKERFILES / "files").iterdir())
    return [(name, (DOCKERFILES / "files" / name).read_bytes()) for name in names if name in text]


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def write_context(
    made: Recipe,
    host: HostSettings,
    target: IO[bytes],
    *,
    scratch: Path,
    environ: Mapping[str, str],
) -> None:
    """Write the build context as a tar: Dockerfile, files, this machine's settings, wheels."""
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as tar:
        _add(tar, "Dockerfile", dockerfile(made.tool).encode())
        for name, content in _files(made.tool):
            _add(tar, f"files/{name}", content)
        if made.tool == "debian":
            _add(tar, "host/", None)
            for path, text in host.files.items():
                _add(tar, f"host/{path}", text.encode())
        for wheel in made.offer.wheels:
            _add_wheel(tar, wheel, _download(wheel.requirement, scratch, environ))


def _download(requirement: str, scratch: Path, environ: Mapping[str, str]) -> Path:
    """Fetch one wheel by this machine's own pip, with the index and trust it is set up for."""
    folder = scratch / hashlib.sha256(requirement.encode()).hexdigest()[:12]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary=:all:", "--dest", str(folder), requirement]
    try:
        answer = subprocess.run(
            command,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PIP_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as exc:
        raise DownloadError(f"downloading {requirement} took too long") from exc
    wheels = sorted(folder.glob("*.whl")) if answer.returncode == 0 else []
    if not wheels:
        last = answer.stderr.strip().splitlines()[-1:] or ["no wheel came"]
        raise DownloadError(
            f"pip could not download {requirement}: {last[0]}",
            fix="Check that this works on the machine itself: pip download " + requirement,
        )
    return wheels[0]


def _add_wheel(tar: tarfile.TarFile, wheel: Wheel, path: Path) -> None:
    if not wheel.tree:
        _add(tar, f"{wheel.into}/{path.name}", path.read_bytes())
        return
    with zipfile.ZipFile(path) as archive:
        for entry in _members(archive, wheel.tree):
            name = wheel.into + entry.filename.removeprefix(wheel.tree)
            mode = 0o755 if (entry.external_attr >> 16) & 0o111 else 0o644
            _add(tar, name, archive.read(entry), mode=mode)


def _members(archive: zipfile.ZipFile, tree: str) -> Iterator[zipfile.ZipInfo]:
    for entry in archive.infolist():
        parts = entry.filename.split("/")
        if parts[0] == tree and not entry.is_dir() and ".." not in parts:
            yield entry


def _add(tar: tarfile.TarFile, name: str, content: bytes | None, *, mode: int = 0o644) -> None:
    info = tarfile.TarInfo(name.rstrip("/"))
    if content is None:
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(info)
        return
    info.size, info.mode = len(content), mode
    tar.addfile(info, io.BytesIO(content))
