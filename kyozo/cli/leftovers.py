"""Ending the router and the networks that outlive the platform; only `kyozo down --all` does it."""

import os
import subprocess
import sys

from kyozo.cli.errors import CliError
from kyozo.machine.engine import find_engine
from kyozo.machine.errors import MachineError
from kyozo.platform import version
from kyozo.platform.state import StateDir

STOP_S = 30


def clear(state: StateDir) -> None:
    """In a process of its own: its settings are the platform's, Django and all."""
    if not state.secret_key.exists():
        return
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kyozo.platform.leftovers"],
        cwd="/",
        env={**_engine(), **os.environ, "PYTHONPATH": str(version.ROOT)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=STOP_S,
        check=False,
    )
    if done.returncode:
        raise CliError(
            "the router or the networks could not be cleared away",
            fix="see `kyozo doctor`",
            code="leftovers.stay",
            lines=tuple(done.stderr.splitlines()[-5:]),
        )


def _engine() -> dict[str, str]:
    """The engine that the platform had; one that is gone or refuses took its networks along."""
    try:
        found = find_engine(os.environ)
    except MachineError:
        return {}
    return {"KYOZO_ENGINE_URL": found.url} if found else {}
