"""A process is named by its pid and its start, so that a reused pid is somebody else."""

import os
import subprocess
import sys
from pathlib import Path

from kyozo.platform.processes import ProcessId

STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
)


def test_this_process_is_alive() -> None:
    assert ProcessId.own().is_alive
    assert ProcessId.own().pid == os.getpid()


def test_a_program_name_with_blanks_and_parentheses_is_read(tmp_path: Path) -> None:
    odd = tmp_path / "a) b (c"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "60"]) as process:
        found = ProcessId.find(process.pid)
        process.kill()

    assert found is not None
    assert found.started > 0


def test_an_ended_process_that_nobody_waited_for_is_not_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        assert ProcessId.find(process.pid) is None


def test_who_ignores_term_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = ProcessId.find(process.pid)

        assert found is not None
        assert not found.end(within_s=0.2)
        assert process.wait(timeout=5) == -9
