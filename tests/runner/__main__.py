"""bin/test: all checks and tests, or those that are named, and a line that says how it went."""

import argparse
import signal
import subprocess
import sys
from types import FrameType
from typing import NoReturn

from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import stages
from tests.runner.lanes import run_lanes
from tests.runner.machine import Machine
from tests.runner.report import Report, say
from tests.runner.run import Run

DESCRIPTION = """\
Without arguments: all linters, all tests on SQLite and PostgreSQL, the tests that need a Docker
engine, end to end and faults, in two lanes at the same time. With arguments for pytest (bin/test
tests/test_docs.py -k links): those tests only. What is missing on this machine is installed with
apt-get, and what was started ends."""


def main() -> int:
    options, chosen = _arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    with runs.begin() as run:
        try:
            if chosen:
                return _run_chosen(run, chosen)
            return _run_all(run, fast=options.fast)
        except KeyboardInterrupt:
            say("\nstopped; cleaning up")
            return 130


def _arguments() -> tuple[argparse.Namespace, list[str]]:
    parser = argparse.ArgumentParser(
        "bin/test", description=DESCRIPTION, epilog="See docs/testing.md"
    )
    parser.add_argument("--fast", action="store_true", help="linters and fast tests: no engine")
    return parser.parse_known_args()


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _run_all(run: Run, *, fast: bool) -> int:
    with Machine(run) as machine:
        report = Report(run, machine)
        if fast:
            report.side_by_side(stages.checks())
            for stage in stages.fast_tests():
                report.one(stage)
        else:
            lanes = stages.lanes()
            # Once, for all lanes; a stage begins when what it needs is there.
            machine.prepare(*{need for lane in lanes for need in lane.needs})
            run_lanes(lanes, report)
        return report.close()


def _run_chosen(run: Run, arguments: list[str]) -> int:
    with Machine(run) as machine:
        report = Report(run, machine)
        report.one(stages.chosen_tests(arguments, with_engine=_need_an_engine(run, arguments)))
        return report.close()


def _need_an_engine(run: Run, arguments: list[str]) -> bool:
    """Ask pytest which of these tests carry a mark; it answers 5 when there are none."""
    command = [*stages.PYTEST, "--collect-only", *arguments, "-m", "docker or e2e or faults"]
    asked = subprocess.run(
        command,
        cwd=ROOT,
        env=run.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
