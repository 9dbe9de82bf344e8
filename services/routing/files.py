"""Files that several processes share: written whole, and changed by one at a time."""

import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from services.errors import RouterError
from services.routing.process import is_stopped

LOCK_POLL_S = 0.01
LOCKS = Path("/proc/locks")


def read_json(path: Path) -> Any:
    """None when it is missing or not what we write: both mean starting afresh."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


@dataclass(frozen=True, slots=True)
class Lock:
    """`check` raises once the lock was taken from us: we were stopped while we held it."""

    path: Path
    file: IO[str]

    def check(self) -> None:
        if not self.is_ours:
            raise _busy(self.path, "was taken over by another process")

    @property
    def is_ours(self) -> bool:
        try:
            return self.path.stat().st_ino == os.fstat(self.file.fileno()).st_ino
        except FileNotFoundError:
            return False


def write_json(path: Path, data: Any, *, lock: Lock | None = None) -> None:
    """The temporary name lies in the folder above: the router watches the folder of its file.

    The lock is looked at last: who stood still on the way here must not bring back old news.
    """
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = path.parent.parent / f".{path.parent.name}-{path.name}.{writer}.tmp"
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(data))
    if lock is not None:
        lock.check()
    temporary.replace(path)


@contextmanager
def locked(path: Path, *, timeout_s: float) -> Iterator[Lock]:
    """Between threads too: each entry opens the file anew."""
    deadline = time.monotonic() + timeout_s
    while True:
        with path.open("a+") as file:
            lock = Lock(path, file)
            if _try_lock(file.fileno()) and lock.is_ours:
                yield lock
                return
            _take_from_a_stopped_process(lock)
        if time.monotonic() > deadline:
            raise _busy(path, f"was held by another process for {timeout_s:g} s")
        time.sleep(LOCK_POLL_S)


def _take_from_a_stopped_process(lock: Lock) -> None:
    """The next entry makes the file anew; whoever held the old one meets it in `Lock.check`."""
    holders = _holders(lock)
    if holders and all(is_stopped(pid) for pid in holders) and lock.is_ours:
        lock.path.unlink(missing_ok=True)


def _holders(lock: Lock) -> list[int]:
    """As the kernel has them: a holder that wrote its number down would have a moment before it.

    A line: `1: FLOCK  ADVISORY  WRITE 718 fd:01:2883680 0 EOF`; `->` leads those that wait. The
    device is left out, because some file systems show another one here than to `stat`.
    """
    inode = str(os.fstat(lock.file.fileno()).st_ino)
    lines = (line.split() for line in LOCKS.read_text().splitlines())
    found = (fields for fields in lines if fields[1] == "FLOCK")
    return [int(fields[4]) for fields in found if fields[5].rpartition(":")[2] == inode]


def _busy(path: Path, what: str) -> RouterError:
    return RouterError(
        f"{path.name} {what}",
        code="router.busy",
        fix="try again; if it stays so, look for a process of the platform that hangs",
    )


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
