"""The README's examples run as they are, only address, token and ids replaced, on a platform."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL, Profile
from kyozo_sdk import (
    KyozoAPI,
    OperationFailedError,
    Retry,
    WaitTimeoutError,
)
from tests.factories import make_folder
from tests.repository import ROOT
from tests.running_platform import RunningPlatform
from tests.sdk.both import Api, Loop, client
from tests.sdk.cutting import cutter
from tests.sdk.test_surface import methods

README = (ROOT / "sdk" / "python" / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
# The engine in memory says nothing; tests/e2e/test_python_sdk.py runs all of the page.
WITHOUT_LOGS = re.sub(r"^## Logs\n.*?(?=^## )", "", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    running = RunningPlatform.at(tmp_path_factory.mktemp("sdk") / "home")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def profile(platform: RunningPlatform) -> Profile:
    found = credentials.load(platform.state, LOCAL)
    assert found is not None
    return found


@pytest.fixture
def url(platform: RunningPlatform) -> str:
    return f"http://127.0.0.1:{platform.port}/api/v1"


@pytest.fixture
def api(url: str, profile: Profile, mode: str, loop: Loop) -> Iterator[Api]:
    made = client(
        mode, loop, api_token=profile.token, team_id=profile.team_id, base_url=url, retry=Retry()
    )
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path, "my-folder")


@pytest.mark.timeout(180)
def test_the_examples_run(
    url: str,
    profile: Profile,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder.parent)
    root = make_folder(folder.parent / "registered")
    with KyozoAPI(profile.token, profile.team_id, url) as own:
        place = own.workspaces.register(str(root.parent), name="registered")
    text = "\n".join(BLOCK.findall(WITHOUT_LOGS))
    for said, meant in {
        "your_api_token": profile.token,
        "your_team_id": profile.team_id,
        "http://127.0.0.1:7070/api/v1": url,
        '"service_type": "python"': f'"service_type": "python", "workspace_id": "{place.id}"',
    }.items():
        text = text.replace(said, meant)
    names: dict[str, Any] = {}

    exec(compile(text, "README.md", "exec"), names)  # noqa: S102 - our own page

    names["api"].close()
    said = capsys.readouterr().out
    assert "succeeded" in said
    assert "not_found 404" in said
    assert names["metrics"].service_id == names["service"].id
    assert names["service"].name == "my-app"
    assert names["page"] is not None


def test_the_page_names_every_call() -> None:
    table = README.partition("## All calls")[2]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE))
    named = {f"{g}.{name}" for g, said in rows.items() for name in re.findall(r"`(\w+)`", said)}

    assert named == set(methods())


def deployed(api: Api, folder: Path, name: str) -> Any:
    workspace = api.workspaces.upload(folder, name=name)
    begun = api.workspaces.deploy(workspace, name=name)
    seen: list[str] = []
    done = api.operations.wait_for(
        begun.operations[0].id, poll_s=0.05, on_progress=lambda op: seen.append(op.state)
    )
    assert (done.state, seen[-1]) == ("succeeded", "succeeded")
    return begun.services[0]


def test_a_deploy_is_waited_for_and_leaves_a_build_and_a_release(
    api: Api, folder: Path, mode: str
) -> None:
    service = deployed(api, folder, f"built-{mode}")

    build = next(iter(api.builds.iterate(service_id=service.id)))

    assert api.builds.get(build).state == "succeeded"
    assert [r.number for r in api.releases.list(service)] == [1]
    assert api.services.get_status(service).status == "running"


def test_nothing_to_do_is_nothing_to_wait_for(api: Api, folder: Path, mode: str) -> None:
    service = deployed(api, folder, f"same-{mode}")

    change = api.services.start(service)

    assert (change.operation_id, change.is_unchanged) == (None, True)
    assert api.operations.wait_for(change) is None


def test_an_operation_that_failed_says_why(api: Api, tmp_path: Path, mode: str) -> None:
    folder = make_folder(tmp_path)
    service = deployed(api, folder, f"fails-{mode}")
    broken = tmp_path / "empty"
    broken.mkdir()
    (broken / "notes.txt").write_text("nothing to run\n")
    api.workspaces.replace_archive(service.workspace_id, broken)

    with pytest.raises(OperationFailedError) as caught:
        api.operations.wait_for(api.services.deploy(service), poll_s=0.05)

    assert caught.value.operation.state == "failed"
    assert caught.value.code.startswith("detection.")
    assert caught.value.fix


def given_up(api: Api, change: Any) -> WaitTimeoutError | None:
    try:
        api.operations.wait_for(change, timeout_s=0, poll_s=0.05)
    except WaitTimeoutError as exc:
        return exc
    return None


def test_waiting_has_an_end(api: Api, folder: Path, mode: str) -> None:
    service = deployed(api, folder, f"slow-{mode}")
    change = api.services.restart(service)
    while (error := given_up(api, change)) is None:  # over before the only look
        change = api.services.restart(service)

    assert error.operation.id == change.operation_id
    api.operations.wait_for(change, poll_s=0.05)


def test_the_wait_outlives_a_platform_that_is_away(
    api: Api, folder: Path, mode: str, profile: Profile, platform: RunningPlatform, loop: Loop
) -> None:
    service = deployed(api, folder, f"outlives-{mode}")
    change = api.services.restart(service)

    with cutter(platform.port) as wire:
        wire.before = 12  # more than one request's own attempts
        quick = Retry(base_s=0.01, most_s=0.02)
        away = client(
            mode,
            loop,
            api_token=profile.token,
            team_id=profile.team_id,
            base_url=wire.url,
            retry=quick,
        )
        done = away.operations.wait_for(change, poll_s=0.1)
        away.close()

    assert done.state == "succeeded"
    assert len(wire.requests) > 12
