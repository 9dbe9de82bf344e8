"""The platform's own copies of workspaces: made beside the old one, put in its place at once.

Each workspace has a folder of its own, with trees of random names; in each lies one folder, called
as the project is, because detection names services after it. Whoever makes a new tree holds the
lock, so what a process that died left there is known by the lock being free.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid4

from django.conf import settings

from services.errors import ConflictError, TooLargeError
from services.lifecycle.leftovers import Leftover, Report
from services.lifecycle.observe import uuid_of
from services.locks import Lock, tried
from services.models import Operation, OperationState, Workspace

LOCK = "lock"
REMOVED = "removed"
UNFINISHED = ".part"
AT_ONCE = 3
CHUNK = 256 * 1024
SETTLED_S = 3600  # a folder nobody knows may be of a workspace that is just being made
MIB = 1024 * 1024
_places = threading.BoundedSemaphore(AT_ONCE)


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Holding:
    """The right to change one workspace's folder, as long as the lock is held."""

    place: Path
    lock: Lock

    def unfinished(self) -> Path:
        """A name for something that is being made."""
        return self.place / f"{uuid4().hex}{UNFINISHED}"

    @contextmanager
    def making(self) -> Iterator[Path]:
        """A folder to make a tree in; gone again unless it comes to a good end."""
        made = self.unfinished()
        made.mkdir(mode=0o700)
        try:
            yield made
            self._check()
            made.rename(made.with_suffix(""))
        except BaseException:
            _remove(made)
            raise

    @contextmanager
    def removing(self) -> Iterator[None]:
        """The whole place goes if what is done here comes to a good end, else it stays. Whoever
        dies in between leaves a mark, so that a clean-up need not ask whose it was."""
        mark = self.place / REMOVED
        mark.touch(mode=0o600)
        try:
            yield
        except BaseException:
            mark.unlink(missing_ok=True)
            raise
        shutil.rmtree(self.place, ignore_errors=True)

    def clear(self, *, keep: Path) -> None:
        """Everything but the tree in use; nothing while an operation reads the one before."""
        if not _is_read(uuid_of(self.place.name)):
            for path in _others(self.place, keep.parent.name):
                _remove(path)

    def _check(self) -> None:
        if not self.lock.is_ours:
            raise busy()


def trees() -> Path:
    return Path(settings.KYOZO["HOME"]) / "sources"


@contextmanager
def holding(workspace_id: UUID) -> Iterator[Holding]:
    """Few at a time, because each takes a thread of the API until its sender is through, who may
    be slow (kyozo/bodies.py)."""
    place = trees() / str(workspace_id)
    if not _places.acquire(blocking=False):
        raise busy()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tried(place / LOCK) as lock:
            if lock is None:
                raise busy()
            yield Holding(place, lock)
    finally:
        _places.release()


def busy() -> ConflictError:
    return ConflictError(
        "this workspace, or several others, are being filled right now",
        code="workspace.busy",
        fix="try again in a moment",
    )


def receive(stream: Stream, into: Path) -> None:
    """What somebody sends, to disk; the limit counts what really comes."""
    left = settings.KYOZO["ARCHIVE_MB"] * MIB
    with into.open("xb") as file:
        while chunk := stream.read(CHUNK):
            left -= len(chunk)
            if left < 0:
                raise too_large()
            file.write(chunk)


def too_large() -> TooLargeError:
    return TooLargeError(
        f"the archive is larger than {settings.KYOZO['ARCHIVE_MB']} MiB",
        fix="leave out what can be made again, such as node_modules; or raise KYOZO_ARCHIVE_MB",
    )


def remove_leftovers(report: Report, *, orphans: bool) -> None:
    """Trees that were replaced, removed or never finished; others that no row knows only if
    asked."""
    for place in sorted(trees().glob("*-*")):
        with tried(place / LOCK) as lock:
            if lock is not None:
                for thing, remove in _leftovers(place, orphans=orphans):
                    report.take(thing, remove)


def _leftovers(place: Path, *, orphans: bool) -> Iterator[tuple[Leftover, Callable[[], object]]]:
    key = uuid_of(place.name)
    row = Workspace.objects.filter(pk=key).first()
    if row is None and (place / REMOVED).exists():
        found = [place]
    elif row is None:
        if time.time() - place.stat().st_mtime < SETTLED_S:
            return
        parts = [path for path in _others(place, "") if path.suffix == UNFINISHED]
        found = [place] if orphans else parts
    else:
        found = [] if _is_read(key) else _others(place, Path(row.root).parent.name)
    for path in found:
        yield Leftover("source", path.name, _why(place, row)), partial(_remove, path)


def _why(place: Path, row: Workspace | None) -> str:
    if row is not None:
        return "a newer tree has its place"
    if (place / REMOVED).exists():
        return "its workspace was removed"
    return "its workspace is not known here"


def _is_read(workspace_id: UUID) -> bool:
    running = Operation.objects.filter(state=OperationState.RUNNING)
    return running.filter(service__workspace_id=workspace_id).exists()


def _others(place: Path, keep: str) -> list[Path]:
    return [path for path in sorted(place.iterdir()) if path.name not in {keep, LOCK}]


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
