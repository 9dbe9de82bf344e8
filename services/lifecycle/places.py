"""How many builds run at once on this machine, whatever the number of worker processes."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


@contextmanager
def build_place() -> Iterator[bool]:
    """Whether one was free. Each is a locked file: the kernel lets go of it with its process."""
    folder = Path(settings.KYOZO["HOME"]) / "places"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(settings.KYOZO["BUILD_CONCURRENCY"]):
        with (folder / f"build-{number}").open("w") as file:
            if _is_locked(file.fileno()):
                yield True
                return
    yield False


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
