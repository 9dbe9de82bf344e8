"""The Docker engine of a run: the one that is there, or one started for it and stopped after it."""

import os
from dataclasses import dataclass

from kyozo.machine.engine import find_engine
from kyozo.machine.engine_install import EngineSetup
from kyozo.machine.engine_start import Daemon
from kyozo.platform.processes import ProcessId
from services.builds.client import DockerCli, find_client
from services.errors import KyozoError
from tests.runner.run import Run, remove_engine_objects

STOP_S = 20


@dataclass(frozen=True, slots=True)
class Started:
    """A dockerd that this run started. It is not marked as the run's: what a killed run leaves
    behind is the machine's engine from then on, and somebody else's containers may be on it."""

    process: ProcessId

    def stop(self, run: Run) -> None:
        remove_engine_objects(f"test-{run.id}")
        if not _containers():
            self.process.end(within_s=STOP_S)


def provide(run: Run) -> Started | None:
    """Make sure that one answers; the answer is None when it ran before."""
    if find_engine(os.environ):
        return None
    EngineSetup(run.folder / "engine", environ=os.environ, log=lambda _: None).ensure()
    pid = int(Daemon().pid_file.read_text(encoding="ascii"))
    process = ProcessId.find(pid)
    return Started(process) if process else None


def _containers() -> list[str]:
    try:
        docker = DockerCli(find_client(os.environ), environ=os.environ)
        return docker.query("ps", "-q").split()
    except KyozoError:
        return []
