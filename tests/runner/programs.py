"""The programs of the stages while they run: all of them can be ended at once."""

import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from tests.repository import ROOT

TELL_EVERY_S = 60


class StoppedError(Exception):
    """No program is started any more."""


@dataclass(slots=True)
class Programs:
    """Their output goes to a file: what a test left running may keep a pipe open for ever."""

    _running: "set[Popen[bytes]]" = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_over: bool = False

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        stdin: Path | None = None,
        tell: Callable[[], None] = lambda: None,
    ) -> int:
        """Wait for it, and `tell` once a minute meanwhile; the exit code, negative for a signal.

        StoppedError after `stop`.
        """
        process = self._start(command, environment, log, stdin)
        try:
            return _wait(process, tell)
        finally:
            with self._lock:
                self._running.discard(process)

    def stop(self) -> None:
        """Kill what runs and start nothing more. What they started is the run's to clean up."""
        with self._lock:
            self._is_over = True
            for process in self._running:
                process.kill()

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], log: Path, stdin: Path | None
    ) -> "Popen[bytes]":
        with self._lock, log.open("wb") as output, (stdin or Path("/dev/null")).open("rb") as given:
            if self._is_over:
                raise StoppedError
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=dict(environment),
                stdin=given,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            self._running.add(process)
            return process


def _wait(process: "Popen[bytes]", tell: Callable[[], None]) -> int:
    while True:
        try:
            return process.wait(TELL_EVERY_S)
        except subprocess.TimeoutExpired:
            tell()
