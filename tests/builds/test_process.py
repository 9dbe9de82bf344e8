"""The build client as a process: its group, its end, and what a killed platform leaves behind."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services.builds.process import RECORD, Limit, end_leftovers, follow, private_folder, start_time
from services.errors import BuildError, CancelledError
from tests.waiting import wait_until

STUBBORN = (
    "import signal,time;signal.signal(15,signal.SIG_IGN);print('up',flush=True);time.sleep(60)"
)
FOREVER = Limit(lambda: False, 60)
ENVIRON = {"PATH": os.environ["PATH"]}


def run(folder: Path, *argv: str, limit: Limit = FOREVER) -> tuple[int, bytes]:
    said: list[bytes] = []
    code = follow(argv, environ=ENVIRON, folder=folder, feed=said.append, limit=limit)
    return code, b"".join(said)


def test_output_and_exit_code_come_back(tmp_path: Path) -> None:
    assert run(tmp_path, "sh", "-c", "echo out; echo err >&2; exit 3") == (3, b"out\nerr\n")


def test_only_the_given_environment_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SECRET", "x")

    assert b"DJANGO_SECRET" not in run(tmp_path, "env")[1]


def test_cancelling_ends_the_whole_group_even_when_it_will_not(tmp_path: Path) -> None:
    script = f'{sys.executable} -c "{STUBBORN}" & echo $! > child; wait'
    limit = Limit((tmp_path / "child").exists, 60)
    started = time.monotonic()

    with pytest.raises(CancelledError):
        run(tmp_path, "sh", "-c", script, limit=limit)

    assert time.monotonic() - started < 30
    pid = int((tmp_path / "child").read_text())
    wait_until(lambda: not _runs(pid), within_s=20, what="its child is gone")


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_the_time_limit_ends_a_silent_program(tmp_path: Path) -> None:
    with pytest.raises(BuildError) as caught:
        run(tmp_path, "sleep", "60", limit=Limit(lambda: False, 0.3))

    assert caught.value.error_code == "build.timeout"


def test_the_time_limit_ends_an_endlessly_talking_program(tmp_path: Path) -> None:
    with pytest.raises(BuildError):
        follow(
            ["yes"],
            environ=ENVIRON,
            folder=tmp_path,
            feed=lambda chunk: None,
            limit=Limit(lambda: False, 0.5),
        )


def test_a_grandchild_holding_the_pipe_does_not_keep_us(tmp_path: Path) -> None:
    started = time.monotonic()

    assert run(tmp_path, "sh", "-c", "sleep 50 & exit 4")[0] == 4
    assert time.monotonic() - started < 30


KILLED_OWNER = """
import sys
from pathlib import Path
from services.builds import process
if sys.argv[2] == "unguarded":
    process._dies_with_us = lambda: ()
with process.private_folder(Path(sys.argv[1])) as folder:
    (folder / "secret-0").write_text("x")
    limit = process.Limit(lambda: False, 60)
    process.follow(["sleep", "61"], environ={"PATH": "/usr/bin:/bin"}, folder=folder,
                   feed=print, limit=limit)
"""


def _kill_owner(work_dir: Path, mode: str) -> int:
    """Start a client through a platform process, kill the platform process, return the client."""
    argv = [sys.executable, "-c", KILLED_OWNER, str(work_dir), mode]
    owner = subprocess.Popen(argv)
    deadline = time.monotonic() + 20
    while (
        not (records := list(work_dir.glob(f"build-*/{RECORD}"))) or not records[0].stat().st_size
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    owner.kill()
    owner.wait()
    return int(records[0].read_text().split(":")[1].split(",")[0])


def test_the_client_dies_with_a_killed_platform(tmp_path: Path) -> None:
    client = _kill_owner(tmp_path, "guarded")

    wait_until(lambda: not _runs(client), within_s=20, what="the client is gone")


def test_the_next_start_ends_and_removes_what_a_killed_platform_left(tmp_path: Path) -> None:
    client = _kill_owner(tmp_path, "unguarded")
    assert _runs(client)

    assert end_leftovers(tmp_path) == 1

    assert not list(tmp_path.glob("build-*"))
    wait_until(lambda: not _runs(client), within_s=20, what="the client is gone")


def test_builds_of_a_living_platform_are_left_alone(tmp_path: Path) -> None:
    with private_folder(tmp_path) as folder:
        assert end_leftovers(tmp_path) == 0
        assert folder.stat().st_mode & 0o077 == 0

    assert not folder.exists()


def test_a_process_that_only_has_the_same_number_is_not_ended(tmp_path: Path) -> None:
    folder = tmp_path / "build-999999999-5-x"
    folder.mkdir()
    (folder / RECORD).write_text(f'{{"pid": {os.getpid()}, "started": 5}}')

    assert end_leftovers(tmp_path) == 0
    assert not folder.exists()


def test_a_process_is_known_by_when_it_started() -> None:
    assert start_time(os.getpid()) > 0
    assert start_time(999_999_999) == 0
