"""A real platform process for tests: its own state folder, a free port, the engine in memory."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from kyozo.platform import daemon, version
from kyozo.platform.daemon import Wanted
from kyozo.platform.record import Record
from kyozo.platform.state import StateDir

QUICK = {
    "KYOZO_RUNTIME": "fake",
    "KYOZO_SETTLE_S": "0.1",
    "KYOZO_DRAIN_S": "0.5",
    "KYOZO_QUEUE_POLL_S": "0.5",
    "KYOZO_LOG_LEVEL": "INFO",
}
OURS = ("KYOZO_", "DATABASE_URL", "DJANGO_")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class RunningPlatform:
    state: StateDir
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, root: Path, **environment: str) -> "RunningPlatform":
        return cls(StateDir(root), environment={**QUICK, **environment})

    def start(self) -> Record:
        wanted = Wanted(port=self.port, environment=self.environment)
        return daemon.start(self.state, wanted=wanted)

    def process(self, *arguments: str) -> "subprocess.Popen[str]":
        """In the foreground, as `kyozo up` runs it, without the settings of the test run."""
        mine = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "kyozo.platform", *arguments],
            cwd="/",
            env={
                **mine,
                **self.environment,
                "KYOZO_HOME": str(self.state.root),
                "PYTHONPATH": str(version.ROOT),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def stop(self) -> None:
        daemon.stop(self.state)
