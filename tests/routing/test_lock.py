"""The lock between processes: one at a time, and none that stands still holds up the others."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.errors import RouterError
from services.routing.files import locked
from tests.repository import ROOT

HOLDER = """
import sys
from pathlib import Path
from services.routing.files import locked
with locked(Path(sys.argv[1]), timeout_s=1) as lock:
    print("held", flush=True)
    sys.stdin.readline()
    print(lock.is_ours, flush=True)
"""

# As far as anybody gets who is stopped on the way into `locked`.
JUST_IN = """
import fcntl, sys
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print("held", flush=True)
    sys.stdin.readline()
"""

Holder = subprocess.Popen[str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    """Another process that has the lock."""
    with running(HOLDER, path) as process:
        yield process


@contextmanager
def running(program: str, path: Path) -> Iterator[Holder]:
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert said_by(process) == "held"
        yield process
        process.kill()


def said_by(process: Holder) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_process_that_works_is_waited_for(path: Path, holder: Holder) -> None:
    with pytest.raises(RouterError, match="held by another process"), locked(path, timeout_s=0.2):
        pass


def test_a_process_that_stands_still_loses_the_lock(path: Path, holder: Holder) -> None:
    holder.send_signal(signal.SIGSTOP)

    with locked(path, timeout_s=5) as lock:
        lock.check()
    holder.send_signal(signal.SIGCONT)

    assert holder.communicate("go on\n")[0].strip() == "False"


def test_one_that_was_stopped_on_the_way_in_loses_it_too(path: Path) -> None:
    with running(JUST_IN, path) as process:
        process.send_signal(signal.SIGSTOP)

        with locked(path, timeout_s=5) as lock:
            lock.check()


def test_who_lost_the_lock_is_told(path: Path) -> None:
    with locked(path, timeout_s=1) as lock:
        path.unlink()

        with pytest.raises(RouterError, match="taken over"):
            lock.check()


def test_the_lock_is_free_after_its_holder_died(path: Path, holder: Holder) -> None:
    holder.kill()

    with locked(path, timeout_s=5) as lock:
        lock.check()
