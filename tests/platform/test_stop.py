"""Stopping: in time, also in the middle of work, and never the wrong process."""

import os
import time

import httpx
import pytest

from kyozo.platform import daemon, record
from kyozo.platform.credentials import LOCAL, load
from kyozo.platform.processes import ProcessId
from kyozo.platform.record import Record
from tests.factories import make_folder
from tests.running_platform import RunningPlatform

pytestmark = pytest.mark.timeout(120)
IN_TIME_S = 20.0  # it takes a second; the rest is for a busy machine


def test_term_ends_an_idle_platform_in_time(platform: RunningPlatform) -> None:
    running = platform.start()

    began = time.monotonic()
    ended_by_itself = running.process.end(within_s=IN_TIME_S)

    assert ended_by_itself
    assert time.monotonic() - began < IN_TIME_S
    assert not platform.state.record.exists()


def test_term_ends_it_in_time_in_the_middle_of_an_operation(
    platform: RunningPlatform, tmp_path_factory: pytest.TempPathFactory
) -> None:
    platform.environment["KYOZO_SETTLE_S"] = "60"
    running = platform.start()
    operation_id = begin_deploy(platform, str(make_folder(tmp_path_factory.mktemp("app"))))

    ended_by_itself = running.process.end(within_s=IN_TIME_S)
    platform.environment["KYOZO_SETTLE_S"] = "0.1"
    platform.start()

    assert ended_by_itself
    assert wait_for_end(platform, operation_id) in {"succeeded", "failed"}


def test_stopping_what_does_not_run_is_harmless(platform: RunningPlatform) -> None:
    assert daemon.stop(platform.state) is None


def test_a_process_that_took_over_the_pid_is_left_alone(platform: RunningPlatform) -> None:
    platform.state.create()
    stale = Record(pid=os.getpid(), started=1, host="127.0.0.1", port=1, version="0", digest="0")
    stale.write(platform.state)

    assert daemon.stop(platform.state) is None
    assert ProcessId(os.getpid(), 1).end(within_s=0.1)
    assert ProcessId.own().is_alive


def test_a_port_survives_a_restart(platform: RunningPlatform) -> None:
    first = platform.start()

    second = daemon.restart(platform.state, first, environment=platform.environment)

    assert second.port == first.port
    assert record.living(platform.state) == second


def begin_deploy(platform: RunningPlatform, folder: str) -> str:
    with client(platform) as api:
        workspace = api.post("/workspaces", json={"workspace": {"folder": folder}}).json()
        path = f"/workspaces/{workspace['data']['id']}/deploy"
        begun = api.post(path, json={"folder_path": "/"}).json()
        operation_id = str(begun["data"]["operations"][0]["id"])
        _poll(api, operation_id, until={"running"})
    return operation_id


def wait_for_end(platform: RunningPlatform, operation_id: str) -> str:
    with client(platform) as api:
        return _poll(api, operation_id, until={"succeeded", "failed", "cancelled"})


def _poll(api: httpx.Client, operation_id: str, *, until: set[str]) -> str:
    state = ""
    for _ in range(400):
        state = str(api.get(f"/operations/{operation_id}").json()["data"]["state"])
        if state in until:
            return state
        time.sleep(0.1)
    raise AssertionError(f"operation {operation_id} is still {state}")


def client(platform: RunningPlatform) -> httpx.Client:
    known = load(platform.state, LOCAL)
    assert known is not None
    return httpx.Client(
        base_url=f"{known.url}/api/v1/teams/{known.team_id}",
        headers={"Authorization": f"Bearer {known.token}", "X-Team-ID": known.team_id},
        trust_env=False,
        timeout=60,
    )
