"""One walk through a folder: descriptors instead of paths, no link followed, limits kept."""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NoReturn, Protocol

from services.errors import InvalidError
from services.sources.ignore import Check, Ignore, Parents, never
from services.sources.index import StatIndex
from services.sources.limits import LeftOut, Limits
from services.sources.reading import DIRECTORY, FILE, open_folder
from services.sources.tree import Content, Entry, digest_of

CHUNK = 1024 * 1024
ROUNDS = 3
ROUND_PAUSE_S = 0.02
NAMES_SHOWN = 10
MAX_PATH = 3500  # Docker's client works with whole paths, which end at 4096 bytes
# What opening says of a file that became a link or a socket since it was listed.
SWAPPED = frozenset({errno.ELOOP, errno.ENXIO})
# Never part of an application, and our own extra files of a build live under this name.
RESERVED = ".kyozo"


class Sink(Protocol):
    """Where the walk puts what it reads; directories are entered and left in order."""

    def enter(self, name: str) -> None: ...
    def leave(self, name: str, *, keep: bool) -> None: ...
    def file(self, name: str, source: int, status: os.stat_result, sha: str | None) -> str: ...
    def link(self, name: str, target: str) -> None: ...
    def drop(self, name: str) -> None: ...


class ReadOnly:
    """The sink of a walk that only wants the digest."""

    def enter(self, name: str) -> None:
        """Nothing to make."""

    def leave(self, name: str, *, keep: bool) -> None:
        """Nothing to close."""

    def file(self, name: str, source: int, status: os.stat_result, sha: str | None) -> str:
        hasher = hashlib.sha256()
        for chunk in chunks(source, status.st_size):
            hasher.update(chunk)
        return hasher.hexdigest()

    def link(self, name: str, target: str) -> None:
        """Nothing to make."""

    def drop(self, name: str) -> None:
        """Nothing to take back."""


def chunks(source: int, size: int) -> Iterator[bytes]:
    """At most one byte more than the size known: a file that grows for ever still ends."""
    left = size + 1
    while left > 0 and (chunk := os.read(source, min(CHUNK, left))):
        left -= len(chunk)
        yield chunk


@dataclass(frozen=True, slots=True)
class _Place:
    """An open directory in the walk."""

    descriptor: int
    path: str
    depth: int
    parents: Parents


@dataclass(slots=True)
class Scan:
    """Reads one folder once. `copies` says that the sink needs every file's bytes; `check` is
    called again and again, and ends the walk by raising."""

    ignore: Ignore
    limits: Limits
    sink: Sink
    index: StatIndex | None = None
    copies: bool = False
    check: Check = never
    entries: list[Entry] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    changing: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0

    def run(self, folder: Path) -> Content:
        with open_folder(folder) as descriptor:
            self._directory(_Place(descriptor, "", 0, ()))
        self._complain()
        if self.index is not None:
            self.index.save()
        return Content(digest_of(self.entries), self.files, self.bytes, tuple(self.left_out))

    def _directory(self, place: _Place) -> None:
        if place.depth > self.limits.depth or len(place.path) > MAX_PATH:
            self._refuse(f"is nested deeper than {self.limits.depth} folders", place.path)
        with os.scandir(place.descriptor) as listing:
            found = sorted(islice(listing, self.limits.files + 1), key=lambda item: item.name)
        if len(found) > self.limits.files:
            self._refuse(f"holds more than {self.limits.files} files", place.path)
        for item in found:
            self.check()
            path = f"{place.path}/{item.name}" if place.path else item.name
            is_out, parents = self.ignore.match(path, item.name, place.parents, self.check)
            is_folder = item.is_dir(follow_symlinks=False)
            if path == RESERVED or (
                is_out and not (is_folder and self.ignore.may_keep_below(path, item.name))
            ):
                continue
            if is_folder:
                self._descend(place, item.name, path, parents=parents, is_out=is_out)
            else:
                self._settle(place.descriptor, item.name, path)

    def _descend(
        self, place: _Place, name: str, path: str, *, parents: Parents, is_out: bool
    ) -> None:
        try:
            descriptor = os.open(name, DIRECTORY, dir_fd=place.descriptor)
        except PermissionError:
            self.unreadable.append(path)
            return
        except OSError:
            self._settle(place.descriptor, name, path)  # it became something else meanwhile
            return
        before = len(self.entries)
        try:
            self.sink.enter(name)
            self._directory(_Place(descriptor, path, place.depth + 1, parents))
            keep = not is_out or len(self.entries) > before
            self.sink.leave(name, keep=keep)
        finally:
            os.close(descriptor)
        if keep:
            self._add(Entry(path, "directory"))

    def _settle(self, directory: int, name: str, path: str) -> None:
        """Take one entry that is no folder; again when it changed while being read."""
        for attempt in range(ROUNDS):
            if attempt:
                time.sleep(ROUND_PAUSE_S * attempt)
                self.sink.drop(name)
            try:
                if self._take(directory, name, path):
                    return
            except FileNotFoundError:
                self.sink.drop(name)
                return
            except OSError as exc:
                if exc.errno not in SWAPPED:
                    self.unreadable.append(path)
                    return
        self.changing.append(path)

    def _take(self, directory: int, name: str, path: str) -> bool:
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
        if stat.S_ISREG(status.st_mode):
            return self._file(directory, name, path, status)
        if stat.S_ISLNK(status.st_mode):
            self._link(directory, name, path)
            return True
        if stat.S_ISDIR(status.st_mode):
            return False
        self.left_out.append(LeftOut(path, "is a socket, pipe or device"))
        return True

    def _file(self, directory: int, name: str, path: str, status: os.stat_result) -> bool:
        self._check_size(path, status.st_size)
        sha = self.index.hash_of(path, status) if self.index else None
        if sha is None or self.copies:
            sha = self._read(directory, name, status, sha)
            if sha is None:
                return False
            if self.index:
                self.index.remember(path, status, sha)
        self.files += 1
        self.bytes += status.st_size
        self._add(Entry(path, "file", bool(status.st_mode & stat.S_IXUSR), sha))
        return True

    def _read(
        self, directory: int, name: str, status: os.stat_result, sha: str | None
    ) -> str | None:
        """The file's hash, or None when it changed on the way."""
        source = os.open(name, FILE, dir_fd=directory)
        try:
            if _state(os.fstat(source)) != _state(status):
                return None
            found = self.sink.file(name, source, status, sha)
            return found if _state(os.fstat(source)) == _state(status) else None
        finally:
            os.close(source)

    def _link(self, directory: int, name: str, path: str) -> None:
        target = os.readlink(name, dir_fd=directory)
        if not stays_inside(path, target):
            self.left_out.append(LeftOut(path, f"is a link that leaves the folder, to {target!r}"))
            return
        self.sink.link(name, target)
        self._add(Entry(path, "link", value=target))

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        if len(self.entries) > self.limits.files:
            self._refuse(f"holds more than {self.limits.files} files", entry.path)

    def _check_size(self, path: str, size: int) -> None:
        if self.bytes + size > self.limits.bytes:
            mib = self.limits.bytes // 1024**2
            self._refuse(
                f"is larger than {mib} MiB; {path!r} alone has {size // 1024**2} MiB", path
            )

    def _refuse(self, problem: str, path: str) -> NoReturn:
        message = f"the folder {problem}"
        raise InvalidError(
            message,
            code="source.too_large",
            fix="Leave out what the application does not need with a .dockerignore file.",
            params={"path": path},
        )

    def _complain(self) -> None:
        if self.unreadable:
            message = f"these files cannot be read: {_names(self.unreadable)}"
            raise InvalidError(
                message,
                code="source.unreadable",
                fix="Make them readable, or leave them out with a .dockerignore file.",
                params={"paths": self.unreadable[:NAMES_SHOWN]},
            )
        if self.changing:
            message = f"these files kept changing while being read: {_names(self.changing)}"
            raise InvalidError(
                message,
                code="source.changing",
                fix="Stop what writes them, or leave them out with a .dockerignore file.",
                params={"paths": self.changing[:NAMES_SHOWN]},
            )


def stays_inside(path: str, target: str) -> bool:
    """Whether a link can only lead inside, whatever other links lie on the way.

    `..` is taken only at the start, where it climbs real folders; behind a name it could climb
    out of wherever another link had led to.
    """
    if target.startswith("/"):
        return False
    parts = [part for part in target.split("/") if part not in {"", "."}]
    climbs = next((at for at, part in enumerate(parts) if part != ".."), len(parts))
    return ".." not in parts[climbs:] and climbs <= path.count("/")


def _state(status: os.stat_result) -> tuple[int, int, int, int]:
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _names(paths: list[str]) -> str:
    shown = ", ".join(repr(path) for path in paths[:NAMES_SHOWN])
    more = len(paths) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
