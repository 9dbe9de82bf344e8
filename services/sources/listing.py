"""Looking into a folder for people: what lies in it, and the beginning of a file. No link followed.

Names that hold secrets by custom are as if they were not there.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from services.errors import NotFoundError
from services.sources.reading import DIRECTORY, FILE, open_folder
from services.sources.secret_names import is_secret

Kind = Literal["file", "directory", "link", "other"]
MAX_SHOWN = 256 * 1024
MAX_PATH = 4096
BINARY_LOOK = 8192


@dataclass(frozen=True, slots=True)
class Listed:
    """`key` is the name as the file system has it; `name` is text whatever that is."""

    name: str
    kind: Kind
    size_bytes: int | None
    key: bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """`text` is None for a binary file, and only the beginning of a long one."""

    size_bytes: int
    text: str | None
    is_truncated: bool

    @property
    def is_binary(self) -> bool:
        return self.text is None


def list_folder(
    root: Path, path: str, *, after: bytes = b"", limit: int
) -> tuple[list[Listed], bool]:
    """A page of a folder's entries by name, and whether there are more."""
    with _inside(root, _parts(path)) as descriptor:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise _missing()
        with os.scandir(descriptor) as found:
            entries = {os.fsencode(item.name): item for item in found if not is_secret(item.name)}
        keys = sorted(key for key in entries if key > after)
        return [_listed(key, entries[key]) for key in keys[:limit]], len(keys) > limit


def show_file(root: Path, path: str) -> Shown:
    with _inside(root, _parts(path)) as descriptor:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _missing()
        with os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(MAX_SHOWN + 1)
    is_truncated = len(content) > MAX_SHOWN
    return Shown(status.st_size, _text(content[:MAX_SHOWN], is_cut=is_truncated), is_truncated)


def _text(content: bytes, *, is_cut: bool) -> str | None:
    if b"\0" in content[:BINARY_LOOK]:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError as exc:
        if is_cut and exc.start > len(content) - 4:  # cut in the middle of a character
            return content[: exc.start].decode()
        return None


def _listed(key: bytes, item: "os.DirEntry[str]") -> Listed:
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:  # gone since it was listed
        return Listed(_readable(key), "other", None, key)
    kind = _kind(status.st_mode)
    return Listed(_readable(key), kind, status.st_size if kind == "file" else None, key)


def _kind(mode: int) -> Kind:
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISLNK(mode):
        return "link"
    return "file" if stat.S_ISREG(mode) else "other"


def _readable(key: bytes) -> str:
    return key.decode(errors="replace")


def _parts(path: str) -> tuple[str, ...]:
    parts = tuple(part for part in PurePosixPath(path).parts if part != "/")
    if len(path) > MAX_PATH or "\0" in path or ".." in parts or any(map(is_secret, parts)):
        raise _missing()
    return parts


@contextmanager
def _inside(root: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of something inside; a link anywhere on the way is a dead end."""
    with open_folder(root) as top:
        current = os.dup(top)
        try:
            for at, part in enumerate(parts, 1):
                inner = _open(part, current, is_last=at == len(parts))
                os.close(current)
                current = inner
            yield current
        finally:
            os.close(current)


def _open(part: str, parent: int, *, is_last: bool) -> int:
    try:
        return os.open(part, FILE if is_last else DIRECTORY, dir_fd=parent)
    except (OSError, UnicodeEncodeError) as exc:
        if isinstance(exc, OSError) and exc.errno in {errno.EMFILE, errno.ENFILE}:
            raise
        raise _missing() from exc


def _missing() -> NotFoundError:
    return NotFoundError("File not found")
