"""How much is carried out at once: builds per machine, everything else per worker process."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from services.models import Queue

# An operation holds its thread while it waits; some are kept for the sweep and the health checks.
KEPT_FREE = 4
_threads = threading.BoundedSemaphore(max(1, settings.KYOZO["WORKER_THREADS"] - KEPT_FREE))


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


@contextmanager
def lifecycle_place() -> Iterator[bool]:
    is_free = _threads.acquire(blocking=False)
    try:
        yield is_free
    finally:
        if is_free:
            _threads.release()


PLACES = {Queue.BUILDS: build_place, Queue.LIFECYCLE: lifecycle_place}


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
