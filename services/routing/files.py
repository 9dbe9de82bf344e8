"""Files that several processes share: written whole, and changed by one at a time."""

import fcntl
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.errors import RouterError

LOCK_POLL_S = 0.01


def read_json(path: Path) -> Any:
    """None when it is missing or not what we write: both mean starting afresh."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def write_json(path: Path, data: Any) -> None:
    """The temporary name lies in the folder above: the router watches the folder of its file."""
    temporary = path.parent.parent / f".{path.parent.name}-{path.name}.tmp"
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(data))
    temporary.replace(path)


@contextmanager
def locked(path: Path, *, timeout_s: float) -> Iterator[None]:
    """Between threads too: each entry opens the file anew."""
    deadline = time.monotonic() + timeout_s
    with path.open("a") as file:
        while not _try_lock(file.fileno()):
            if time.monotonic() > deadline:
                raise RouterError(
                    f"{path.name} was held by another process for {timeout_s:g} s",
                    code="router.busy",
                    fix="look for a stopped (SIGSTOP) process of the platform",
                )
            time.sleep(LOCK_POLL_S)
        yield


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
