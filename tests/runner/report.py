"""Runs stages and tells how they went, a line each; output is shown where it matters."""

import re
import subprocess
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.repository import ROOT
from tests.runner.machine import Machine
from tests.runner.programs import Programs
from tests.runner.results import Results
from tests.runner.run import Run
from tests.runner.stages import Lane, Stage

AT_ONCE = 3
SHOWN_LINES = 80
# What pytest -q shows of each test, with or without the share that is done behind it.
OUTCOMES = re.compile(r"^([.FEsxX]+)(?: *\[ *\d+%\])?$", re.MULTILINE)

_one_speaks = threading.Lock()


@dataclass(slots=True)
class Report:
    """`failed` are the names of stages that were not good, `results` the tests of all of them.

    Of a lane each line carries the name, and a stage's output comes in one piece when it is over.
    """

    run: Run
    machine: Machine
    lane: Lane | None = None
    programs: Programs = field(default_factory=Programs)
    started: float = field(default_factory=time.monotonic)
    failed: list[str] = field(default_factory=list)
    results: Results = field(default_factory=Results)

    def all_of_the_lane(self) -> None:
        if self.lane:
            self.side_by_side(self.lane.checks)
            for stage in self.lane.stages:
                self.one(stage)

    def side_by_side(self, stages: Sequence[Stage]) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            working = [pool.submit(self._captured, stage) for stage in stages]
            try:
                for done in as_completed(working):
                    self._told(*done.result())
            except KeyboardInterrupt:
                # In the main thread only, outside of lanes; the pool waits for its programs.
                self.programs.stop()
                raise

    def one(self, stage: Stage) -> None:
        """A stage on its own; outside of lanes pytest's output is passed on as it comes."""
        try:
            environment = self.machine.provide(stage.needs)
        except OSError as exc:
            self._fail(stage.name, _end_of(str(exc)))
            return
        if stage.tests:
            self._tests(stage, environment)
        else:
            _, seconds, code, output = self._captured(stage)
            self._line(stage.name, seconds, _last(output))
            if code:
                self._fail(stage.name, _end_of(output))

    def include(self, others: Iterable["Report"]) -> None:
        """What lanes came to, as if it had been found here."""
        for other in others:
            self.failed += other.failed
            self.results.add(other.results.outcomes)

    def close(self) -> int:
        """The closing lines, and the exit code."""
        counts = self.results.counts
        say(f"\n{'whole run':<28}{time.monotonic() - self.started:7.1f} s")
        if self.failed:
            say(f"not good: {', '.join(self.failed)}")
        say(f"{counts.passed} passed, {counts.failed + counts.skipped} failed")
        return 0 if counts.is_good and not self.failed else 1

    def say(self, text: str) -> None:
        """In one piece: nobody else's line comes between."""
        prefix = f"{self.lane.name:<8}| " if self.lane else ""
        say("\n".join(f"{prefix}{line}".rstrip() for line in text.split("\n")))

    def _told(self, stage: Stage, seconds: float, code: int, output: str) -> None:
        self._line(stage.name, seconds, "" if code else "ok")
        if code:
            self._fail(stage.name, _end_of(output))

    def _tests(self, stage: Stage, environment: dict[str, str]) -> None:
        xml = self.run.folder / f"{_slug(stage.name)}.xml"
        command = (*stage.command, f"--junitxml={xml}")
        run = self._followed if self.lane else self._passed_on
        started = time.monotonic()
        code, output = run(stage, command, environment)
        counts = self.results.read(xml)
        self._line(stage.name, time.monotonic() - started, str(counts))
        if code or not counts.is_good:
            self._fail(stage.name, output)

    def _passed_on(
        self, stage: Stage, command: Sequence[str], environment: dict[str, str]
    ) -> tuple[int, str]:
        say(f"\n{stage.name}")
        code = subprocess.run(
            command,
            cwd=ROOT,
            env=self.run.environment | environment,
            stdin=subprocess.DEVNULL,
            check=False,
        ).returncode
        return code, ""

    def _followed(
        self, stage: Stage, command: Sequence[str], environment: dict[str, str]
    ) -> tuple[int, str]:
        log = self.run.folder / f"{_slug(stage.name)}.log"
        self.say(f"{stage.name} begins")
        code = self.programs.run(
            self._nice(command),
            environment=self.run.environment | environment,
            log=log,
            tell=partial(self._tell, stage.name, log, time.monotonic()),
        )
        return code, _text(log)

    def _tell(self, name: str, log: Path, started: float) -> None:
        done, bad = outcomes_in(_text(log))
        failed = f", {bad} failed" if bad else ""
        self.say(f"{name:<28}{time.monotonic() - started:7.1f} s   so far {done} tests{failed}")

    def _captured(self, stage: Stage) -> tuple[Stage, float, int, str]:
        log = self.run.folder / f"{_slug(stage.name)}.log"
        started = time.monotonic()
        code = self.programs.run(
            self._nice(stage.command), environment=self.run.environment, log=log, stdin=stage.stdin
        )
        return stage, time.monotonic() - started, code, _text(log)

    def _nice(self, command: Sequence[str]) -> Sequence[str]:
        polite = ("nice", "-n", str(self.lane.nice)) if self.lane and self.lane.nice else ()
        return (*polite, *command)

    def _fail(self, name: str, output: str) -> None:
        self.failed.append(name)
        if output:
            self.say(f"--- {name}\n{output}\n---")

    def _line(self, name: str, seconds: float, outcome: str) -> None:
        self.say(f"{name:<28}{seconds:7.1f} s   {outcome or 'FAILED'}")


def say(text: str) -> None:
    """At once, also into a pipe: the lines of our stages and of pytest keep their order."""
    with _one_speaks:
        print(text, flush=True)  # noqa: T201 - this is a command


def outcomes_in(output: str) -> tuple[int, int]:
    """How many tests are done, and how many of them went wrong, by what pytest has shown so far."""
    shown = "".join(OUTCOMES.findall(output))
    return len(shown), shown.count("F") + shown.count("E")


def _text(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace").rstrip("\n")


def _end_of(output: str) -> str:
    return "\n".join(output.splitlines()[-SHOWN_LINES:])


def _last(output: str) -> str:
    return output.strip().rpartition("\n")[2].strip()


def _slug(name: str) -> str:
    return re.sub(r"\W+", "-", name)
