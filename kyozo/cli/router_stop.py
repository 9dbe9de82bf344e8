"""Ending the router that outlives the platform; only `kyozo down --all` does it."""

import os
import subprocess
import sys

from kyozo.cli.errors import CliError
from kyozo.platform import version
from kyozo.platform.state import StateDir

STOP_S = 30


def stop_router(state: StateDir) -> None:
    """In a process of its own: the router's settings are the platform's, Django and all."""
    if not state.secret_key.exists():
        return
    done = subprocess.run(
        [sys.executable, "-P", "-m", "kyozo.platform.router_end"],
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(version.ROOT)},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=STOP_S,
        check=False,
    )
    if done.returncode:
        raise CliError(
            "the router could not be stopped",
            fix="see `kyozo doctor`",
            code="router.not_stopped",
            lines=tuple(done.stderr.splitlines()[-5:]),
        )
