"""What the processes of a server installation begin with: settings that may not be missing."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from kyozo import env

NEEDED = {
    "KYOZO_SECRET_KEY": "what signs and encrypts",
    "KYOZO_ENCRYPTION_KEYS": "what the stored secrets are encrypted with",
    "DATABASE_URL": "the PostgreSQL that all processes share",
    "KYOZO_BROKER_URL": "the Redis that wakes the workers",
}
# Of those who ask at a desk or open one.
DESK_SECRET = {"KYOZO_DESK_SECRET": "what a worker's desk is asked with"}
EXIT_SETTINGS = 2


def begin(*, desk: bool = False, **defaults: str) -> None:
    """Django, set up; ends the process with a sentence where a setting is missing or wrong.

    `desk`: without the secret of desks it could not do its work.
    """
    # What a person's umask hides would be hidden in the images built from it, too.
    os.umask(0o022)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")
    for name, value in defaults.items():
        os.environ.setdefault(name, value)
    try:
        for name, use in (NEEDED | (DESK_SECRET if desk else {})).items():
            _demand(name, use)
        import django  # noqa: PLC0415 - the settings are read at import

        django.setup()
    except env.SettingError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - the log is one of the settings
        sys.exit(EXIT_SETTINGS)


def _demand(name: str, use: str) -> None:
    if not env.text(name):
        raise env.SettingError(f"{name} (or {name}_FILE) is not set: {use}")


def when_told_to_end(act: Callable[[], object]) -> threading.Event:
    """Set, after `act`, by the first TERM or INT."""
    told = threading.Event()

    def note(_signal: int, _frame: FrameType | None) -> None:
        if not told.is_set():
            told.set()
            act()

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    return told
