"""Locked files: one holder at a time among all threads and processes, and none that stands still.

The kernel lets go of a lock with its process. A process that is only stopped keeps it, so whoever
finds such a holder makes the file anew; `Lock.is_ours` tells the old holder once it goes on.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Lock:
    path: Path
    file: IO[str]

    @property
    def is_ours(self) -> bool:
        """False once it was taken from us: we were stopped while we held it."""
        try:
            return self.path.stat().st_ino == os.fstat(self.file.fileno()).st_ino
        except FileNotFoundError:
            return False


@contextmanager
def tried(path: Path) -> Iterator[Lock | None]:
    """The lock, or None at once when somebody else has it. Each entry opens the file anew, so two
    threads of a process exclude each other, too."""
    for _ in range(2):  # the second time after it was taken from a stopped process
        with path.open("a+") as file:
            lock = Lock(path, file)
            if _is_locked(file.fileno()) and lock.is_ours:
                yield lock
                return
            if not _is_taken_from_stopped(lock):
                break
    yield None


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_taken_from_stopped(lock: Lock) -> bool:
    holders = _holders(lock)
    if not holders or not all(map(_is_stopped, holders)) or not lock.is_ours:
        return False
    lock.path.unlink(missing_ok=True)
    return True


def _holders(lock: Lock) -> list[int]:
    """As the kernel has them: a holder that wrote its number down would have a moment before it.

    A line: `1: FLOCK  ADVISORY  WRITE 718 fd:01:2883680 0 EOF`; `->` leads those that wait. The
    device is left out, because some file systems show another one here than to `stat`.
    """
    inode = str(os.fstat(lock.file.fileno()).st_ino)
    lines = (line.split() for line in (PROC / "locks").read_text().splitlines())
    found = (fields for fields in lines if fields[1] == "FLOCK")
    return [int(fields[4]) for fields in found if fields[5].rpartition(":")[2] == inode]


def _is_stopped(pid: int) -> bool:
    """Stands still by SIGSTOP or a debugger, and may never go on."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # The command before the last parenthesis may contain anything.
    return stat.rpartition(")")[2].split()[0] in {"T", "t"}
