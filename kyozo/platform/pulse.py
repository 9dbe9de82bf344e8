"""A file that a process touches while it can work; `healthy` looks how old it is."""

import logging
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

EVERY_S = 5.0
DEAD_AFTER_S = 30.0

log = logging.getLogger(__name__)


def path_of(part: str) -> Path:
    """In the temporary folder, which each container has to itself."""
    return Path(tempfile.gettempdir()) / f"kyozo-{part}.pulse"


def beat(part: str) -> None:
    path_of(part).touch()


def is_alive(part: str) -> bool:
    try:
        age_s = time.time() - path_of(part).stat().st_mtime
    except OSError:
        return False
    return age_s < DEAD_AFTER_S


def keep(part: str, can_work: Callable[[], str]) -> None:
    """From now on, as long as `can_work` answers nothing: what it answers is why not."""

    def run() -> None:
        told = ""
        while True:
            why = can_work()
            if not why:
                beat(part)
            elif why != told:
                log.warning("cannot work: %s", why)
            told = why
            time.sleep(EVERY_S)

    threading.Thread(target=run, name="pulse", daemon=True).start()
