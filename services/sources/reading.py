"""Opening what lies inside a folder, one path part at a time, so that no link is ever followed."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from services.errors import InvalidError

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# NONBLOCK: a FIFO that takes a file's place must not hang us.
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
MAX_TEXT = 1024 * 1024


def _step(parent: int, name: str, flags: int) -> int:
    """Open a part of a path and close the one above it."""
    try:
        return os.open(name, flags, dir_fd=parent)
    finally:
        os.close(parent)


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """A descriptor of an absolute, resolved path; a link swapped into it since then is refused."""
    *above, last = folder.parts[1:] or (".",)
    try:
        descriptor = os.open("/", DIRECTORY)
        for part in above:  # these need not be readable, only passable
            descriptor = _step(descriptor, part, DIRECTORY | os.O_PATH)
        descriptor = _step(descriptor, last, DIRECTORY)
    except OSError as exc:
        message = f"the folder {os.fspath(folder)!r} cannot be opened: {exc.strerror}"
        raise InvalidError(
            message,
            code="source.folder_unreadable",
            fix="Check that the folder exists and that no part of its path became a link.",
        ) from exc
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def read_text(folder: Path, path: str, *, max_bytes: int = MAX_TEXT) -> str | None:
    """A text file inside a folder, None where there is none. Links and odd things are refused."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\0" in path:
        raise _refused(path, "is not a path inside the folder")
    with open_folder(folder) as top:
        descriptor = _open_beneath(top, parts, path)
    if descriptor is None:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _refused(path, "is not a plain file")
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise _refused(path, "is too large")
    return content.decode(errors="replace")


def _open_beneath(top: int, parts: tuple[str, ...], path: str) -> int | None:
    current = os.dup(top)
    try:
        for part in parts[:-1]:
            inner = os.open(part, DIRECTORY, dir_fd=current)
            os.close(current)
            current = inner
        return os.open(parts[-1], FILE, dir_fd=current)
    except FileNotFoundError:
        return None
    except OSError as exc:
        link = exc.errno in {errno.ELOOP, errno.ENOTDIR}
        raise _refused(path, "is or lies behind a link" if link else exc.strerror) from exc
    finally:
        os.close(current)


def _refused(path: str, problem: str | None) -> InvalidError:
    return InvalidError(
        f"{path!r} {problem}",
        code="source.file_refused",
        fix="Name a plain file inside the folder.",
    )
