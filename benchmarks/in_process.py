"""An installation inside this process: imported first, it sets Django up before models are read.

The engine is the one in memory until `use_engine`; all that is left behind goes at the end.
"""

import atexit
import importlib
import os
from contextlib import ExitStack

import django
from django.core.management import call_command

from tests.runner import run as runs

_left_behind = ExitStack()
atexit.register(_left_behind.close)
RUN = _left_behind.enter_context(runs.begin())
os.environ.update(
    RUN.platform_environment
    | {"DJANGO_SETTINGS_MODULE": "kyozo.settings", "KYOZO_RUNTIME": "fake", "KYOZO_SETTLE_S": "0"}
    | {"KYOZO_LOG_LEVEL": "WARNING"}
)
django.setup()
# The default app: wake-ups go to its broker in memory.
importlib.import_module("kyozo.celery")
call_command("migrate", verbosity=0)


def use_engine() -> None:
    """From now on the real container engine and router."""
    from services.lifecycle import engine  # noqa: PLC0415 - Django is set up by now

    engine.forget()
    django.conf.settings.KYOZO["RUNTIME"] = "docker"
