"""bin/test's own parts: it counts honestly and leaves nothing behind, not even of a killed run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.runner import run as runs
from tests.runner.results import Counts, Results

REPORT = """<testsuites><testsuite>
<testcase classname="tests.a" name="good"/>
<testcase classname="tests.a" name="bad"><failure/></testcase>
<testcase classname="tests.a" name="left_out"><{tag}/></testcase>
</testsuite></testsuites>"""
DEAD = {"pid": 2**22 + 1, "started": 1}


def sleeper(run_id: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    return subprocess.Popen(command, env=os.environ | {runs.MARK: run_id})


@pytest.mark.parametrize("tag", ["skipped", "error"])
def test_a_report_is_counted_test_by_test(tag: str, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT.format(tag=tag), encoding="utf-8")

    counts = Results().read(report)

    assert counts == (Counts(1, 1, 1) if tag == "skipped" else Counts(1, 2, 0))
    assert not counts.is_good


def test_a_missing_report_is_not_good(tmp_path: Path) -> None:
    assert not Results().read(tmp_path / "none.xml").is_good


def test_a_test_that_failed_in_one_stage_has_not_passed(tmp_path: Path) -> None:
    results = Results()
    for number, child in enumerate(("", "<failure/>", "")):
        report = tmp_path / f"{number}.xml"
        case = f'<testcase classname="a" name="b">{child}</testcase>'
        report.write_text(f"<testsuite>{case}</testsuite>", encoding="utf-8")
        results.read(report)

    assert results.counts == Counts(passed=0, failed=1)


def test_what_works_in_the_folder_of_a_run_ends_with_it(somewhere: Path) -> None:
    """As Redis does, which writes its title over the mark."""
    with runs.begin() as run:
        process = subprocess.Popen(["/bin/sleep", "60"], cwd=run.folder, env={})

    assert process.wait(timeout=10) != 0


def test_a_run_takes_its_processes_and_files_along(somewhere: Path) -> None:
    with runs.begin() as run, sleeper(run.id) as process:
        runs.end_processes(run.id)

        assert process.wait(timeout=5) < 0
        assert run.folder.is_dir()
    assert list(somewhere.iterdir()) == []


def test_a_process_is_known_from_its_first_moment() -> None:
    """One in five has no variables yet when its parent goes on."""
    for _ in range(60):
        with sleeper("dead01") as process:
            is_known = runs.belongs(Path(f"/proc/{process.pid}"), "dead01")
            process.kill()
        assert is_known


def test_the_next_run_cleans_up_after_a_killed_one(somewhere: Path) -> None:
    killed = somewhere / "kyozo-test-dead00"
    killed.mkdir()
    (killed / "owner.json").write_text(json.dumps(DEAD), encoding="utf-8")

    with sleeper("dead00") as process, runs.begin() as run:
        assert process.wait(timeout=5) < 0
        assert list(somewhere.iterdir()) == [run.folder]


def test_a_run_that_lives_is_left_alone(somewhere: Path) -> None:
    with runs.begin() as first, runs.begin() as second:
        assert first.folder.is_dir()
        assert first.id != second.id


def test_a_platform_of_the_tests_keeps_off_the_usual_ports(somewhere: Path) -> None:
    with runs.begin() as run:
        settings = run.platform_environment

    assert int(settings["KYOZO_PORT"]) in runs.PORTS
    assert settings["KYOZO_INSTALL"] == f"test-{run.id}"
