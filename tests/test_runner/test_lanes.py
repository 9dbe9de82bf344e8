"""bin/test runs two lanes at the same time, apart from each other, and tells them apart."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

import pytest

from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import stages
from tests.runner.lanes import run_lanes
from tests.runner.machine import Machine
from tests.runner.report import Report, outcomes_in
from tests.runner.stages import Lane, Stage

WAIT_S = 20
# Stands in for pytest: its last argument says where the report of its tests goes.
SAYS = """
import pathlib, sys
children = dict(good="", bad="<failure/>")
names = sys.argv[2].split()
cases = (f'<testcase classname="{sys.argv[1]}" name="{n}">{children[n]}</testcase>' for n in names)
report = f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>"
pathlib.Path(sys.argv[-1].partition("=")[2]).write_text(report, encoding="utf-8")
for number in range(300):
    print(sys.argv[1], "line", number)
sys.exit("bad" in names)
"""
MEETS = """
import pathlib, sys, time
mine, theirs = map(pathlib.Path, sys.argv[1:3])
mine.touch()
until = time.monotonic() + 15
while not theirs.exists():
    if time.monotonic() > until:
        sys.exit("nobody came")
    time.sleep(0.02)
"""
TELLS = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
SLEEPS = (
    "import pathlib, os, sys, time;"
    "pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
)
INTERRUPTED = """
import signal, sys
from tests.runner import __main__, stages
from tests.runner.stages import Lane, Stage
# Who was started in the background ignores it, and so do its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
place, program, *options = sys.argv[1:]
sys.argv = ["bin/test", *options]
def stage(name):
    return Stage(name, (sys.executable, "-c", program, f"{place}/{name}.pid"))
def lanes():
    second = (stage("second"), stage("after"))
    return Lane("busy", (), checks=(stage("first"),)), Lane("waiting", second)
stages.lanes = lanes
stages.checks = lambda: [stage("first"), stage("second")]
sys.exit(__main__.main())
"""

Lanes = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def run(somewhere: Path, capsys: pytest.CaptureFixture[str]) -> Lanes:
    """Run these lanes; the exit code and the lines that were said."""

    def of(*lanes: Lane) -> tuple[int, list[str]]:
        with runs.begin() as whole, Machine(whole) as machine:
            report = Report(whole, machine)
            run_lanes(lanes, report)
            code = report.close()
        assert list(somewhere.glob(f"{runs.PREFIX}*")) == []
        return code, capsys.readouterr().out.splitlines()

    return of


def python(name: str, program: str, *arguments: object, tests: bool = False) -> Stage:
    return Stage(name, (sys.executable, "-c", program, *map(str, arguments)), tests=tests)


def says(name: str, outcomes: str) -> Stage:
    return python(name, SAYS, name, outcomes, tests=True)


def test_lanes_run_at_the_same_time(run: Lanes, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"

    _, lines = run(
        Lane("busy", (python("one", MEETS, here, there),)),
        Lane("waiting", (python("two", MEETS, there, here),)),
    )

    assert not any("nobody came" in line for line in lines)
    assert not any("not good" in line for line in lines)


def test_a_failure_in_one_lane_lets_the_other_finish(run: Lanes) -> None:
    code, lines = run(
        Lane("busy", (says("tests", "good bad"), says("more", "good"))),
        Lane("waiting", (says("end to end", "good"), says("faults", "good"))),
    )

    assert code == 1
    assert "not good: tests" in lines
    assert lines[-1] == "4 passed, 1 failed"
    assert any(line.startswith("waiting | faults ") and "1 passed" in line for line in lines)


def test_all_good_is_told_in_one_line_a_stage(run: Lanes) -> None:
    code, lines = run(
        Lane("busy", (says("tests", "good"),), checks=(python("mypy", "print('fine')"),)),
        Lane("waiting", (says("faults", "good"),)),
    )

    assert code == 0
    assert lines[-1] == "2 passed, 0 failed"
    told = [" ".join(line.split()[:3]) for line in lines if "|" in line and " s " in line]
    assert sorted(told) == ["busy | mypy", "busy | tests", "waiting | faults"]
    assert not any("line 299" in line or "fine" in line for line in lines)


def test_a_test_that_failed_in_one_lane_has_not_passed_in_all(run: Lanes) -> None:
    same = python("again", SAYS.replace("children[n]", 'children["bad"]'), "tests", "good")

    code, lines = run(
        Lane("busy", (says("tests", "good"),)),
        Lane("waiting", (Stage(same.name, same.command, tests=True),)),
    )

    assert code == 1
    assert lines[-1] == "0 passed, 1 failed"


def test_a_report_comes_in_one_piece_with_its_lane_on_each_line(run: Lanes) -> None:
    _, lines = run(*(Lane(name, (says(name, "bad"),)) for name in ("busy", "waiting")))

    reports = [line for line in lines if " line " in line]
    assert [name for name, _ in groupby(line.split()[0] for line in reports)] in (
        ["busy", "waiting"],
        ["waiting", "busy"],
    )
    for name in ("busy", "waiting"):
        wanted = [f"{name:<8}| {name} line {number}" for number in range(300)]
        assert [line for line in reports if line.split()[2] == name] == wanted


def test_lanes_have_folders_ports_and_labels_of_their_own(
    somewhere: Path, tmp_path: Path, run: Lanes
) -> None:
    files = [tmp_path / "one", tmp_path / "two"]

    run(*(Lane(file.name, (python("tells", TELLS, file),)) for file in files))

    one, two = (json.loads(file.read_text()) for file in files)
    for name in ("TMPDIR", "KYOZO_HOME", "KYOZO_INSTALL", "COVERAGE_FILE", runs.MARK):
        assert one[name] != two[name]


def test_the_lane_that_computes_leaves_the_processor_to_the_other(
    run: Lanes, tmp_path: Path
) -> None:
    tells = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.nice(0)))"
    busy, waiting = tmp_path / "busy", tmp_path / "waiting"

    run(
        Lane("busy", (python("tells", tells, busy),), nice=5),
        Lane("waiting", (python("tells", tells, waiting),)),
    )

    assert int(busy.read_text()) == min(19, int(waiting.read_text()) + 5)


def test_a_lane_goes_on_without_what_the_machine_cannot_offer(
    somewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_servers(_machine: Machine) -> dict[str, str]:
        raise OSError("no PostgreSQL for this machine")

    monkeypatch.setattr(Machine, "_servers", no_servers)
    without = Stage("faults", (sys.executable, "-c", ""), needs=("servers",), tests=True)
    with runs.begin() as whole, Machine(whole) as machine:
        report = Report(whole, machine)
        run_lanes([Lane("busy", ()), Lane("waiting", (without, says("more", "good")))], report)
        code = report.close()

    lines = capsys.readouterr().out.splitlines()
    assert code == 1
    assert "waiting | no PostgreSQL for this machine" in lines
    assert lines[-2:] == ["not good: faults", "1 passed, 0 failed"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("options", [[], ["--fast"]], ids=["lanes", "fast"])
def test_a_signal_ends_all_that_runs(
    number: signal.Signals, options: list[str], tmp_path: Path
) -> None:
    """To the runner alone, as CI sends it: its programs get no signal but from the runner."""
    with subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path), SLEEPS, *options],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as runner:
        pids = [number_in(tmp_path / f"{name}.pid") for name in ("first", "second")]
        runner.send_signal(number)
        said, _ = runner.communicate(timeout=WAIT_S)

    assert runner.returncode == 130, said
    assert b"stopped; cleaning up" in said
    assert b"Traceback" not in said
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.pid", "second.pid"]


def test_who_waits_for_the_machine_is_told_when_it_is_stopped(
    somewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forever(machine: Machine) -> dict[str, str]:
        assert machine._is_over.wait(WAIT_S)
        return {}

    monkeypatch.setattr(Machine, "_engine", forever)
    with runs.begin() as whole, Machine(whole) as machine:
        machine.prepare("engine", "servers")
        machine.stop()

        with pytest.raises(OSError, match="servers: the run was stopped before"):
            machine.provide(["servers"])
        with pytest.raises(OSError, match="browser: the run was stopped before"):
            machine.provide(["browser"])


def test_every_stage_is_in_one_lane() -> None:
    busy, waiting = stages.lanes()
    names = [stage.name for lane in (busy, waiting) for stage in (*lane.checks, *lane.stages)]

    assert len(names) == len(set(names))
    assert {stage.name for stage in stages.checks()} == {stage.name for stage in busy.checks}
    assert [stage.name for stage in waiting.stages] == ["end to end", "faults"]
    # The limit is for what was measured before it, in the same run and file.
    assert [stage.name for stage in busy.stages] == [
        "tests",
        "tests on PostgreSQL",
        "tests with an engine",
        "coverage in percent",
    ]


def test_progress_is_read_from_what_pytest_shows() -> None:
    shown = "bringing up nodes...\n....F [ 50%]\n..E\nFor now nothing.\n"

    assert outcomes_in(shown) == (8, 2)
    assert outcomes_in("") == (0, 0)


def number_in(path: Path) -> int:
    until = time.monotonic() + WAIT_S
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < until, f"nothing wrote {path.name}"
        time.sleep(0.02)
    return int(path.read_text())
