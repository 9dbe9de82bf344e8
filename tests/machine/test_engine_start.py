"""An installed engine is started whatever a killed one left; a live one is left alone."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kyozo.machine.engine_start import Daemon, start
from kyozo.machine.errors import EngineStartError
from tests.machine.stand_in import DOCKERD

Program = Callable[[str, str], Path]


@pytest.fixture
def environ(daemon: Daemon) -> Iterator[dict[str, str]]:
    """The stand-in dockerd writes its pid where the real one would; it is ended afterwards."""
    sockets = {"FAKE_SOCKET": str(daemon.socket), "FAKE_PID": str(daemon.pid_file)}
    yield {"PATH": "/usr/bin:/bin", **sockets}
    if daemon.pid_file.exists():
        os.kill(int(daemon.pid_file.read_text()), signal.SIGKILL)


# The engine is meant to outlive its Popen object, which Python remarks upon.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_it_is_started_by_hand_where_nothing_else_starts_services(
    daemon: Daemon, environ: dict[str, str], program_named: Program, short: Path
) -> None:
    program_named("dockerd", DOCKERD)
    said: list[str] = []

    engine = start(daemon, environ=environ, log_file=short / "state" / "e.log", log=said.append)

    assert engine.url == daemon.url
    assert any(str(short / "state" / "e.log") in line for line in said)
    pid = int(daemon.pid_file.read_text())
    assert os.getsid(pid) == pid, "it must outlive the terminal it was started from"


def test_what_a_killed_engine_left_is_removed(daemon: Daemon) -> None:
    daemon.containerd.mkdir()
    left = [daemon.pid_file, daemon.socket, daemon.containerd / "containerd.pid"]
    for path in left:
        path.write_text("999999999")
    said: list[str] = []

    daemon.remove_leftovers(said.append)

    assert [path for path in left if path.exists()] == []
    assert len(said) == 3


def test_a_pid_that_now_belongs_to_another_program_is_stale(daemon: Daemon) -> None:
    daemon.pid_file.write_text(str(os.getpid()))

    assert not daemon.is_running()


def process(folder: Path, pid: int, *, state: str) -> None:
    (folder / str(pid)).mkdir()
    (folder / str(pid) / "status").write_text(f"Name:\tdockerd\nState:\t{state}\n")


def test_nothing_of_a_live_engine_is_removed(daemon: Daemon, short: Path) -> None:
    process(short, 42, state="S (sleeping)")
    daemon.pid_file.write_text("42")

    replace(daemon, proc=short).remove_leftovers(lambda _: None)

    assert daemon.pid_file.exists()


def test_an_engine_that_only_waits_to_be_reaped_is_dead(daemon: Daemon, short: Path) -> None:
    process(short, 42, state="Z (zombie)")
    daemon.pid_file.write_text("42")

    assert not replace(daemon, proc=short).is_running()


def test_an_engine_that_cannot_start_shows_its_last_words(
    daemon: Daemon, environ: dict[str, str], program_named: Program, short: Path
) -> None:
    program_named("dockerd", "#!/bin/sh\necho 'no iptables here' >&2\nexit 1\n")

    with pytest.raises(EngineStartError) as raised:
        start(daemon, environ=environ, log_file=short / "e.log", log=lambda _: None)

    assert "no iptables here" in raised.value.message
    assert str(short / "e.log") in raised.value.fix
