"""The Python SDK against a platform on a real engine, from a folder to a URL."""

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL, Profile
from kyozo_sdk import (
    AsyncKyozoAPI,
    ConflictError,
    InvalidError,
    KyozoAPI,
    NotFoundError,
    OperationFailedError,
)
from tests.e2e.harness import Kyozo, get
from tests.repository import ROOT
from tests.sdk.cutting import cutter
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

Folder = Callable[..., Path]
README = (ROOT / "sdk" / "python" / "README.md").read_text(encoding="utf-8")
TALKER = """import http.server, itertools, threading, time

def talk():
    for number in itertools.count():
        print(f"line {number}", flush=True)
        time.sleep(0.2)

threading.Thread(target=talk, daemon=True).start()
http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@pytest.fixture
def profile(kyozo: Kyozo) -> Profile:
    found = credentials.load(kyozo.state, LOCAL)
    assert found is not None
    return found


@pytest.fixture
def url(kyozo: Kyozo) -> str:
    assert kyozo.platform is not None
    return f"{kyozo.platform.url}/api/v1"


@pytest.fixture
def api(url: str, profile: Profile) -> Iterator[KyozoAPI]:
    with KyozoAPI(profile.token, profile.team_id, url) as made:
        yield made


@pytest.fixture
def talker(folder: Folder) -> Path:
    """Serves, and says a numbered line five times a second."""
    place = folder("sdk-talker")
    (place / "main.py").write_text(TALKER)
    (place / "requirements.txt").write_text("")
    (place / "kyozo.toml").write_text('type = "python"\nstart = "python main.py"\nport = 8000\n')
    return place


def test_from_a_folder_to_a_url_and_on(api: KyozoAPI, talker: Path, url: str) -> None:
    heard: list[tuple[str, str]] = []
    subscription = api.services.on_status_change(lambda *change: heard.append(change))
    begun = api.workspaces.deploy(api.workspaces.upload(talker, name="sdk-talker"))
    steps: list[str | None] = []

    done = api.operations.wait_for(
        begun.operations[0], on_progress=lambda operation: steps.append(operation.step)
    )

    assert done is not None
    service = api.services.get(begun.services[0].id)
    assert get(done.urls[0].url).status_code == 200
    assert "settle" in steps
    assert [row.id for row in api.services.iterate(search="sdk-talker")] == [service.id]
    assert followed_over_cuts(api, service.id, url) == list(range(20))
    stopped_and_started(api, service.id)
    wanted = ["running", "stopped", "running"]
    wait_until(
        lambda: is_within(wanted, [status for _, status in heard]), within_s=20, what="changes"
    )
    subscription.stop()
    refused(api, service.id)
    api.services.remove(service)
    with pytest.raises(NotFoundError):
        api.services.get(service)


def followed_over_cuts(api: KyozoAPI, service_id: str, url: str) -> list[int]:
    """Numbers of the first lines, while the connection is cut again and again."""
    place = api._session.place
    upstream = int(re.findall(r":(\d+)/", url)[0])
    numbers: list[int] = []
    with (
        cutter(upstream) as wire,
        KyozoAPI(place.token, place.team_id, wire.url) as far,
        far.logs.follow(service_id, lines=10_000) as lines,
    ):
        for line in itertools.islice(lines, 40):
            numbers += [int(n) for n in re.findall(r"line (\d+)", line.line or "")]
            if len(numbers) % 5 == 4:
                wire.cut_all()
            if len(numbers) == 20:
                break
    return numbers


def stopped_and_started(api: KyozoAPI, service_id: str) -> None:
    api.operations.wait_for(api.services.stop(service_id))
    assert api.services.get_status(service_id).status == "stopped"
    api.operations.wait_for(api.services.start(service_id))
    assert api.services.get_status(service_id).status == "running"


def is_within(wanted: list[str], heard: list[str]) -> bool:
    """In this order, whatever lies between."""
    rest = iter(heard)
    return all(status in rest for status in wanted)


def refused(api: KyozoAPI, service_id: str) -> None:
    workspace_id = api.services.get(service_id).workspace_id
    with pytest.raises(InvalidError):
        api.services.scale(service_id, -1)
    with pytest.raises(ConflictError) as caught:
        api.workspaces.remove(workspace_id)
    assert caught.value.code == "workspace.in_use"


async def test_the_asynchronous_client_deploys_too(
    url: str, profile: Profile, site: Callable[[str], Path]
) -> None:
    async with AsyncKyozoAPI(profile.token, profile.team_id, url) as api:
        heard: list[str] = []
        subscription = await api.services.on_status_change(lambda _, status: heard.append(status))
        begun = await api.workspaces.deploy(await api.workspaces.upload(site("sdk-async")))
        done = await api.operations.wait_for(begun.operations[0])

        assert done is not None
        assert (await asyncio.to_thread(get, done.urls[0].url)).text == "<h1>one</h1>\n"
        async with asyncio.timeout(20):
            while "running" not in heard:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)
        subscription.stop()
        await api.services.remove(begun.services[0])


def test_a_build_that_fails_says_why(api: KyozoAPI, folder: Folder) -> None:
    place = folder("sdk-broken", "flask-hello")
    (place / "requirements.txt").write_text("no-such-package-at-all==9.9\n", encoding="utf-8")
    begun = api.workspaces.deploy(api.workspaces.upload(place, name="sdk-broken"))

    with pytest.raises(OperationFailedError) as caught:
        api.operations.wait_for(begun.operations[0])

    assert caught.value.code.startswith("build.")
    build = next(iter(api.builds.iterate(operation_id=begun.operations[0].id)))
    said = "".join(chunk.text for chunk in api.builds.follow_log(build))
    assert "no-such-package-at-all" in said


def test_the_readme_runs(
    url: str, profile: Profile, folder: Folder, monkeypatch: pytest.MonkeyPatch, kyozo: Kyozo
) -> None:
    monkeypatch.chdir(folder("my-folder", "flask-hello").parent)
    registered = kyozo.run.folder / "registered" / "app"
    registered.mkdir(parents=True)
    (registered / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (registered / "requirements.txt").write_text("flask\n")
    with KyozoAPI(profile.token, profile.team_id, url) as own:
        place = own.workspaces.register(str(registered.parent), name="registered")
    text = "\n".join(re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL))
    for said, meant in {
        "your_api_token": profile.token,
        "your_team_id": profile.team_id,
        "http://127.0.0.1:7070/api/v1": url,
        '"service_type": "python"': f'"service_type": "python", "workspace_id": "{place.id}"',
    }.items():
        text = text.replace(said, meant)
    names: dict[str, Any] = {}

    exec(compile(text, "README.md", "exec"), names)  # noqa: S102 - our own page

    assert names["line"].line
    assert names["done"].state == "succeeded"
    with names["api"] as api:
        api.services.remove(names["service"])
        api.services.remove(names["begun"].services[0])
