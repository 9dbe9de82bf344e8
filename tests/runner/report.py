"""Runs stages and tells how they went, a line each; output is shown where it matters."""

import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.repository import ROOT
from tests.runner.machine import Machine
from tests.runner.results import Results
from tests.runner.run import Run
from tests.runner.stages import Stage

AT_ONCE = 3
SHOWN_LINES = 80


@dataclass(slots=True)
class Report:
    """`failed` are the names of stages that were not good, `results` the tests of all of them."""

    run: Run
    machine: Machine
    started: float = field(default_factory=time.monotonic)
    failed: list[str] = field(default_factory=list)
    results: Results = field(default_factory=Results)

    def side_by_side(self, stages: Sequence[Stage]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in as_completed([pool.submit(self._captured, stage) for stage in stages]):
                stage, seconds, code, output = done.result()
                self._line(stage.name, seconds, "" if code else "ok")
                if code:
                    self._fail(stage.name, output)

    def one(self, stage: Stage) -> None:
        """A stage on its own: pytest's output is passed on as it comes."""
        try:
            environment = self.machine.provide(stage.needs)
        except OSError as exc:
            self._fail(stage.name, str(exc))
            return
        if stage.tests:
            self._tests(stage, environment)
        else:
            _, seconds, code, output = self._captured(stage)
            self._line(stage.name, seconds, _last(output))
            if code:
                self._fail(stage.name, output)

    def close(self) -> int:
        """The closing lines, and the exit code."""
        counts = self.results.counts
        say(f"\n{'whole run':<28}{time.monotonic() - self.started:7.1f} s")
        if self.failed:
            say(f"not good: {', '.join(self.failed)}")
        say(f"{counts.passed} passed, {counts.failed + counts.skipped} failed")
        return 0 if counts.is_good and not self.failed else 1

    def _tests(self, stage: Stage, environment: dict[str, str]) -> None:
        say(f"\n{stage.name}")
        xml = self.run.folder / f"{stage.name.replace(' ', '-')}.xml"
        started = time.monotonic()
        code = subprocess.run(
            [*stage.command, f"--junitxml={xml}"],
            cwd=ROOT,
            env=self.run.environment | environment,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        counts = self.results.read(xml)
        self._line(stage.name, time.monotonic() - started, str(counts))
        if code or not counts.is_good:
            self.failed.append(stage.name)

    def _captured(self, stage: Stage) -> tuple[Stage, float, int, str]:
        started = time.monotonic()
        done = subprocess.run(
            stage.command,
            cwd=ROOT,
            env=self.run.environment,
            input=stage.stdin.read_bytes() if stage.stdin else b"",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return (
            stage,
            time.monotonic() - started,
            done.returncode,
            done.stdout.decode(errors="replace"),
        )

    def _fail(self, name: str, output: str) -> None:
        self.failed.append(name)
        shown = "\n".join(output.splitlines()[-SHOWN_LINES:])
        say(f"--- {name}\n{shown}\n---")

    @staticmethod
    def _line(name: str, seconds: float, outcome: str) -> None:
        say(f"{name:<28}{seconds:7.1f} s   {outcome or 'FAILED'}")


def say(text: str) -> None:
    """At once, also into a pipe: the lines of our stages and of pytest keep their order."""
    print(text, flush=True)  # noqa: T201 - this is a command


def _last(output: str) -> str:
    return output.strip().rpartition("\n")[2].strip()
