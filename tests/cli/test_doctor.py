"""`kyozo doctor`: one line a check, and an exit status for scripts."""

import os
import stat
from pathlib import Path

import pytest

from kyozo.cli import engine_checks, platform_checks
from kyozo.cli.findings import State
from kyozo.cli.machine_checks import _folder
from kyozo.platform.state import StateDir
from tests.cli.conftest import Kyozo
from tests.running_platform import RunningPlatform

pytestmark = pytest.mark.timeout(120)
ENGINE = os.environ.get("KYOZO_TEST_ENGINE", "unix:///var/run/docker.sock")


def test_a_well_platform_passes(kyozo: Kyozo) -> None:
    done = kyozo("doctor", "--json")

    assert done.status == 0
    assert {"platform", "database", "router", "disk"} <= {row["name"] for row in done.json}
    assert all(row["fix"] for row in done.json if row["state"] == "warn")


def test_a_machine_without_a_platform_is_only_warned(alone: Kyozo) -> None:
    done = alone("doctor")

    assert done.status == 0
    assert "does not run" in done.out


def test_a_state_folder_that_others_can_read_fails(platform: RunningPlatform) -> None:
    root = platform.state.root
    root.chmod(0o755)
    try:
        assert _folder(root).state is State.FAIL
    finally:
        root.chmod(0o700)
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_a_lost_token_is_found_out(platform: RunningPlatform) -> None:
    kept = platform.state.credentials.read_text()
    platform.state.credentials.unlink()
    try:
        found = {finding.name: finding.state for finding in platform_checks.run(platform.state)}
    finally:
        platform.state.credentials.write_text(kept)
        platform.state.credentials.chmod(0o600)

    assert found["token"] is State.FAIL


@pytest.mark.docker
@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({}, State.OK),
        ({"KYOZO_DISK_CLEAN_PERCENT": "0"}, State.WARN),
        ({"KYOZO_DISK_FULL_PERCENT": "0"}, State.FAIL),
        ({"KYOZO_DISK_FREE_MB": str(2**40)}, State.FAIL),
    ],
)
def test_the_engines_disk_is_judged_as_the_platform_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: dict[str, str], state: State
) -> None:
    monkeypatch.delenv("KYOZO_RUNTIME")
    monkeypatch.setenv("KYOZO_ENGINE_URL", ENGINE)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)

    found = {one.name: one for one in engine_checks.run(StateDir(tmp_path))}

    assert found["engine disk"].state is state
    assert "% used" in found["engine disk"].text
