"""Starting: once, whatever was left behind, on a port that can be had."""

import os
import select
import signal
import socket
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kyozo.platform import daemon, record, version
from kyozo.platform.credentials import LOCAL, load
from kyozo.platform.daemon import PlatformStartError
from kyozo.platform.lock import EXIT_ALREADY_RUNNING
from kyozo.platform.record import Record
from tests.running_platform import RunningPlatform, free_port

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.timeout(120)
ENDS_S = 30


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_run_keeps_its_secrets_from_others(platform: RunningPlatform) -> None:
    platform.start()

    state = platform.state
    private = [state.secret_key, state.credentials, state.record, state.log, state.lock]
    assert mode(state.root) == 0o700
    assert [mode(path) for path in private] == [0o600] * len(private)


def test_a_started_platform_answers_and_has_given_a_token(platform: RunningPlatform) -> None:
    running = platform.start()

    known = load(platform.state, LOCAL)
    assert daemon.readiness(running).is_ready
    assert known is not None
    assert known.url == running.url
    assert known.token.startswith("kyozo_")


def test_starting_a_second_time_finds_the_first(platform: RunningPlatform) -> None:
    first = platform.start()

    assert platform.start() == first


def test_of_two_starts_at_once_one_runs_and_the_other_says_who(platform: RunningPlatform) -> None:
    one, other = platform.process(), platform.process()
    try:
        loser = _first_to_end([one, other])
        winner = other if loser is one else one
        said = loser.communicate(timeout=ENDS_S)[0]

        assert loser.returncode == EXIT_ALREADY_RUNNING
        assert f"process {winner.pid}" in said
        assert winner.poll() is None
    finally:
        for process in (one, other):
            process.terminate()
            process.communicate(timeout=ENDS_S)


def _first_to_end(processes: "list[subprocess.Popen[str]]") -> "subprocess.Popen[str]":
    handles = {os.pidfd_open(process.pid): process for process in processes}
    try:
        ready = select.select(list(handles), [], [], ENDS_S)[0]
        return handles[ready[0]]
    finally:
        for handle in handles:
            os.close(handle)


def test_a_record_left_by_a_killed_platform_is_no_obstacle(platform: RunningPlatform) -> None:
    first = platform.start()
    os.kill(first.pid, signal.SIGKILL)
    _wait_for_death(first)

    second = platform.start()

    assert second.pid != first.pid
    assert daemon.readiness(second).is_ready


def test_a_record_that_names_somebody_elses_process_is_not_believed(
    platform: RunningPlatform,
) -> None:
    platform.state.create()
    stale = Record(pid=os.getpid(), started=1, host="127.0.0.1", port=1, version="0", digest="0")
    stale.write(platform.state)

    assert record.living(platform.state) is None
    assert platform.start().pid != os.getpid()


def test_a_taken_port_that_was_asked_for_is_an_error_with_a_reason(
    platform: RunningPlatform,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as foreign:
        platform.port = foreign.getsockname()[1]

        with pytest.raises(PlatformStartError) as caught:
            platform.start()

    assert "--port" in "\n".join(caught.value.log_tail)


def test_a_lost_token_is_made_again_by_the_next_start(platform: RunningPlatform) -> None:
    platform.start()
    platform.stop()
    platform.state.credentials.unlink()
    platform.port = free_port()

    running = platform.start()

    known = load(platform.state, LOCAL)
    assert known is not None
    assert known.url == running.url


def test_a_platform_of_other_code_is_known_as_outdated() -> None:
    same = Record(pid=1, started=1, host="127.0.0.1", port=1, version="0", digest=version.digest())

    assert not daemon.is_outdated(same)
    assert daemon.is_outdated(replace(same, digest="older"))


def _wait_for_death(killed: Record) -> None:
    killed.process.end(within_s=5)


def test_a_setting_that_cannot_be_used_is_named(platform: RunningPlatform) -> None:
    platform.environment["KYOZO_WORKER_THREADS"] = "many"

    with pytest.raises(PlatformStartError) as caught:
        platform.start()

    assert "KYOZO_WORKER_THREADS" in "\n".join(caught.value.log_tail)
    assert not platform.state.record.exists()
