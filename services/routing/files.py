"""Files that several processes share: written whole, and changed by one at a time."""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.errors import RouterError
from services.locks import Lock, tried

LOCK_POLL_S = 0.01


def read_json(path: Path) -> Any:
    """None when it is missing or not what we write: both mean starting afresh."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, json.JSONDecodeError, UnicodeDecodeError):
        return None


def write_json(path: Path, data: Any, *, lock: Lock | None = None) -> None:
    """The temporary name lies in the folder above: the router watches the folder of its file.

    The lock is looked at last: who stood still on the way here must not bring back old news.
    """
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = path.parent.parent / f".{path.parent.name}-{path.name}.{writer}.tmp"
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(data))
    if lock is not None and not lock.is_ours:
        temporary.unlink()
        raise _busy(lock.path, "was taken over by another process")
    temporary.replace(path)


@contextmanager
def locked(path: Path, *, timeout_s: float) -> Iterator[Lock]:
    """Raises `RouterError` when somebody else had it all the time."""
    deadline = time.monotonic() + timeout_s
    while True:
        with tried(path) as lock:
            if lock is not None:
                yield lock
                return
        if time.monotonic() > deadline:
            raise _busy(path, f"was held by another process for {timeout_s:g} s")
        time.sleep(LOCK_POLL_S)


def _busy(path: Path, what: str) -> RouterError:
    return RouterError(
        f"{path.name} {what}",
        code="router.busy",
        fix="try again; if it stays so, look for a process of the platform that hangs",
    )
