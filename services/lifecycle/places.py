"""How much is carried out at once: builds per machine, everything else per worker process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from services.locks import tried
from services.models import Queue

# An operation holds its thread while it waits; some are kept for the sweep and the health checks.
KEPT_FREE = 4
# Set by a worker that is about to end: what it does is finished, and nothing new begun.
CLOSING = threading.Event()
_threads = threading.BoundedSemaphore(max(1, settings.KYOZO["WORKER_THREADS"] - KEPT_FREE))


@contextmanager
def build_place() -> Iterator[bool]:
    """Whether one was free; a process that died or stands still keeps none."""
    folder = Path(settings.KYOZO["HOME"]) / "places"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(settings.KYOZO["BUILD_CONCURRENCY"]):
        with tried(folder / f"build-{number}") as place:
            if place is not None:
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
