"""A folder -> a clean, content-addressed copy of it, or only its digest."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from services.errors import InvalidError
from services.sources.ignore import Check, Ignore, never
from services.sources.index import StatIndex
from services.sources.limits import Limits
from services.sources.reading import DIRECTORY
from services.sources.scan import ReadOnly, Scan, chunks
from services.sources.tree import Content, Tree

CREATE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
BASE_TIME_S = 1_000_000_000
CLONE_FROM = 1024 * 1024  # below, reading and writing is faster than asking the kernel


def read_content(
    folder: Path,
    *,
    ignore: Ignore,
    limits: Limits | None = None,
    index: StatIndex | None = None,
    check: Check = never,
) -> Content:
    """The digest of a folder without copying it; with an index only changed files are read.
    `check` ends it by raising, as it does with `snapshot`."""
    return Scan(ignore, limits or Limits(), ReadOnly(), index, check=check).run(folder)


def snapshot(
    folder: Path,
    into: Path,
    *,
    ignore: Ignore,
    limits: Limits | None = None,
    index: StatIndex | None = None,
    check: Check = never,
) -> Tree:
    """Copy a folder into a new directory: plain modes, no links out, times made from content."""
    into.mkdir(parents=True)
    copy = Copy(into)
    try:
        scan = Scan(ignore, limits or Limits(), copy, index, copies=True, check=check)
        content = scan.run(folder)
    except BaseException:
        copy.close()
        shutil.rmtree(into, ignore_errors=True)
        raise
    copy.close()
    return Tree(into, content.digest, content.files, content.bytes, content.left_out)


def content_time_ns(sha: str) -> int:
    """A file's time, made from its content: between 2001 and 2018, down to the nanosecond.

    BuildKit sends a file again only when size or time differ, and web servers build an ETag from
    the two. One fixed time would hide a changed file of equal size from both.
    """
    return (BASE_TIME_S + int(sha[:7], 16)) * 1_000_000_000 + int(sha[7:14], 16)


class Copy:
    """The sink that writes a tree, holding a descriptor of each open directory."""

    def __init__(self, into: Path) -> None:
        self._open = [os.open(into, DIRECTORY)]

    @property
    def _here(self) -> int:
        return self._open[-1]

    def enter(self, name: str) -> None:
        with _writing():
            os.mkdir(name, mode=0o755, dir_fd=self._here)
            self._open.append(os.open(name, DIRECTORY, dir_fd=self._here))

    def leave(self, name: str, *, keep: bool) -> None:
        self._finish()
        if not keep:
            os.rmdir(name, dir_fd=self._here)

    def file(self, name: str, source: int, status: os.stat_result, sha: str | None) -> str:
        with _writing():
            target = os.open(name, CREATE, 0o600, dir_fd=self._here)
        try:
            found = self._write(source, target, status.st_size, sha)
            os.fchmod(target, 0o755 if status.st_mode & stat.S_IXUSR else 0o644)
            time_ns = content_time_ns(found)
            os.utime(target, ns=(time_ns, time_ns))
        finally:
            os.close(target)
        return found

    def link(self, name: str, target: str) -> None:
        with _writing():
            os.symlink(target, name, dir_fd=self._here)
            os.utime(name, (BASE_TIME_S, BASE_TIME_S), dir_fd=self._here, follow_symlinks=False)

    def drop(self, name: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._here)

    def close(self) -> None:
        while self._open:
            self._finish()

    def _finish(self) -> None:
        finished = self._open.pop()
        os.fchmod(finished, 0o755)
        os.utime(finished, (BASE_TIME_S, BASE_TIME_S))
        os.close(finished)

    def _write(self, source: int, target: int, size: int, sha: str | None) -> str:
        if sha is not None and size >= CLONE_FROM:
            _clone(source, target, size)
            return sha
        hasher = hashlib.sha256()
        for chunk in chunks(source, size):
            hasher.update(chunk)
            _write_all(target, chunk)
        return hasher.hexdigest()


def _clone(source: int, target: int, size: int) -> None:
    """Let the kernel copy: it shares blocks where the file system can."""
    left = size
    while left > 0:
        try:
            moved = os.copy_file_range(source, target, left)
        except OSError:  # between file systems, or not offered: by hand from where it stopped
            moved = 0
        if moved == 0:
            for chunk in chunks(source, left):
                _write_all(target, chunk)
            return
        left -= moved


def _write_all(target: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    with _writing():
        while view:
            view = view[os.write(target, view) :]


@contextmanager
def _writing() -> Iterator[None]:
    """Our own side failing must not be taken for a problem of the file being read."""
    try:
        yield
    except OSError as exc:
        message = f"the copy of the folder cannot be written: {exc.strerror}"
        raise InvalidError(
            message,
            code="source.copy_failed",
            fix="Free some space in the platform's data directory and try again.",
        ) from exc
