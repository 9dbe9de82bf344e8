"""The lock between processes: one at a time, and none that stands still holds up the others."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import RouterError
from services.routing.files import locked, write_json
from tests.holding import Holder, holding

HOLDER = """
import sys
from pathlib import Path
from services.routing.files import locked
with locked(Path(sys.argv[1]), timeout_s=1) as lock:
    print("held", flush=True)
    sys.stdin.readline()
    print(lock.is_ours, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.lock"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    with holding(path, HOLDER) as process:
        yield process


def test_a_process_that_works_is_waited_for(path: Path, holder: Holder) -> None:
    with pytest.raises(RouterError, match="held by another process"), locked(path, timeout_s=0.2):
        pass


def test_a_process_that_stands_still_loses_the_lock(path: Path, holder: Holder) -> None:
    holder.send_signal(signal.SIGSTOP)

    with locked(path, timeout_s=5) as lock:
        assert lock.is_ours
    holder.send_signal(signal.SIGCONT)

    assert holder.communicate("go on\n")[0].strip() == "False"


def test_one_that_was_stopped_as_soon_as_it_had_it_loses_it_too(path: Path) -> None:
    with holding(path) as process:
        process.send_signal(signal.SIGSTOP)

        with locked(path, timeout_s=5) as lock:
            assert lock.is_ours


def test_who_lost_the_lock_writes_nothing_any_more(path: Path, tmp_path: Path) -> None:
    with locked(path, timeout_s=1) as lock:
        path.unlink()

        with pytest.raises(RouterError, match="taken over"):
            write_json(tmp_path / "state" / "table.json", {}, lock=lock)
    assert list(tmp_path.iterdir()) == []


def test_the_lock_is_free_after_its_holder_died(path: Path, holder: Holder) -> None:
    holder.kill()

    with locked(path, timeout_s=5) as lock:
        assert lock.is_ours
