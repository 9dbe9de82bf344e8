"""The workers of an installation, as processes: hired, killed, stopped and continued by id."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.repository import ROOT
from tests.waiting import wait_until

READY_WITHIN_S = 90
NOTICES_WITHIN_S = 60
WORKER = (sys.executable, "-m", "tests.faults.worker")
SIZE = 2  # one to lose, one to take over
TAKEN_OVER = "taken over by another worker"


@dataclass(slots=True)
class Worker:
    process: "subprocess.Popen[bytes]"
    log: Path
    ready: str
    _slept_at: int = 0

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def wait_until_ready(self) -> None:
        self._wait_for(self.ready, since=0, within_s=READY_WITHIN_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        self._slept_at = len(self._said())

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def wait_until_fenced_out(self) -> None:
        """Until it has noticed that somebody has taken its service while it slept."""
        self._wait_for(TAKEN_OVER, since=self._slept_at, within_s=NOTICES_WITHIN_S)

    @property
    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def _said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _wait_for(self, words: str, *, since: int, within_s: float) -> None:
        wait_until(
            lambda: words in self._said()[since:],
            within_s=within_s,
            what=f"worker {self.pid} says {words!r}",
        )


@dataclass(slots=True)
class Crew:
    """`environment` leads its workers to the database and the engine."""

    environment: Mapping[str, str]
    logs: Path
    program: Sequence[str] = WORKER
    ready: str = "ready"  # what its log says once it works
    workers: list[Worker] = field(default_factory=list)
    _hired: int = 0

    def fill(self) -> None:
        """As many as there should be, ready to work."""
        self.workers = [worker for worker in self.workers if worker.is_alive]
        while len(self.workers) < SIZE:
            self.hire()
        for worker in self.workers:
            worker.go_on()  # a test that failed may have left it standing
            worker.wait_until_ready()

    def hire(self) -> Worker:
        """It is ready a second or two later; until then the others work."""
        self._hired += 1
        log = self.logs / f"worker-{self._hired}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                self.program,
                cwd=ROOT,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        self.workers.append(Worker(process, log, self.ready))
        return self.workers[-1]

    def at(self, pid: int) -> Worker:
        """The worker of that process, or of the one that started it: builds have their own."""
        family = {pid, _parent(pid)}
        return next(worker for worker in self.workers if worker.pid in family)

    def said(self) -> dict[str, str]:
        """All the logs, of those that are gone, too."""
        return {log.name: log.read_text("utf-8", "replace") for log in self.logs.iterdir()}

    def dismiss(self) -> None:
        for worker in self.workers:
            worker.kill()
        self.workers = []


def _parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[1])


@contextmanager
def crew(
    environment: Mapping[str, str],
    logs: Path,
    program: Sequence[str] = WORKER,
    *,
    ready: str = "ready",
) -> Iterator[Crew]:
    logs.mkdir(exist_ok=True)
    hired = Crew(environment, logs, program, ready)
    try:
        yield hired
    finally:
        hired.dismiss()
