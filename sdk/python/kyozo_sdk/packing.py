"""A folder as an archive: always the same bytes for the same content, and no link out of it."""

import gzip
import os
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO

# Made again where it is built, or nobody's business there. As `kyozo deploy --upload` has it.
NOT_SENT = frozenset({".git", ".env", "node_modules", ".venv", "__pycache__"})
EXAMPLES = frozenset({".env.example", ".env.sample", ".env.template", ".env.dist"})
RESERVED = ".kyozo"  # at the top: the platform's own
GZIP = b"\x1f\x8b"
ZIP = b"PK"
LEVEL = 6

Source = str | os.PathLike[str] | bytes | BinaryIO


@dataclass(frozen=True, slots=True)
class Archive:
    file: BinaryIO
    media_type: str


@contextmanager
def archive_of(source: Source) -> Iterator[Archive]:
    """A folder packed; a file, bytes or an open file as they are. What was made here goes after."""
    if isinstance(source, (str, os.PathLike)):
        place = Path(source)
        with pack(place) if place.is_dir() else place.open("rb") as file:
            yield Archive(file, _media_type(file))
    elif isinstance(source, bytes):
        held = BytesIO(source)
        yield Archive(held, _media_type(held))
    else:
        yield Archive(source, _media_type(source))


def pack(folder: Path) -> BinaryIO:
    """A tar.gz file in the temporary folder, open at its beginning and without a name."""
    packed = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        with (
            gzip.GzipFile("", "wb", LEVEL, packed, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for path, entry in _entries(folder, ""):
                _add(archive, path, Path(entry.path))
        packed.seek(0)
    except BaseException:
        packed.close()
        raise
    return packed


def is_sent(path: str) -> bool:
    """Whether something of this path, relative to the folder, goes along."""
    name = path.rpartition("/")[2]
    if name in NOT_SENT or path == RESERVED:
        return False
    return name in EXAMPLES or not name.startswith(".env.")


def _entries(folder: Path, below: str) -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    with os.scandir(folder) as listing:
        found = sorted(listing, key=lambda entry: entry.name)
    for entry in found:
        path = f"{below}{entry.name}"
        if not is_sent(path):
            continue
        yield path, entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path), f"{path}/")


def _add(archive: tarfile.TarFile, path: str, place: Path) -> None:
    """Devices, pipes, sockets and links out of the folder are left out."""
    status = place.lstat()
    info = tarfile.TarInfo(path)
    if stat.S_ISDIR(status.st_mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(info)
    elif stat.S_ISLNK(status.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(place.readlink())
        if stays_inside(path, info.linkname):
            archive.addfile(info)
    elif stat.S_ISREG(status.st_mode):
        with _opened(place) as file:
            status = os.fstat(file.fileno())
            info.size = status.st_size
            info.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
            archive.addfile(info, file)


def stays_inside(path: str, target: str) -> bool:
    """`..` is taken only at the start, where it climbs real folders; behind a name it could climb
    out of wherever another link had led to."""
    if target.startswith("/"):
        return False
    parts = [part for part in target.split("/") if part not in {"", "."}]
    climbs = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    return ".." not in parts[climbs:] and climbs <= path.count("/")


def _opened(place: Path) -> IO[bytes]:
    """Never a link: it may have become one since it was looked at."""
    # Names that not every system has: no link, no wait for a pipe, no other line ends.
    wanted = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in wanted)
    return os.fdopen(os.open(place, flags), "rb")


def _media_type(file: BinaryIO) -> str:
    file.seek(0)
    beginning = file.read(2)
    file.seek(0)
    if beginning == GZIP:
        return "application/gzip"
    return "application/zip" if beginning == ZIP else "application/octet-stream"
