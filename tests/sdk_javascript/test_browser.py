"""The package in a real browser, as a module of a page of the platform, with a real engine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, sync_playwright

from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL
from tests.e2e.harness import Kyozo, get, installation
from tests.runner import run as runs
from tests.sdk_javascript.building import Built
from tests.sdk_javascript.talking import make_talking
from tests.services.dashboard.test_browser import CHROMIUM, QUIET

pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]

WORK = """
async ({ apiToken, teamId, baseUrl, folder }) => {
  const { KyozoAPI, NotFoundError } = await import('/sdk/index.js');
  const api = new KyozoAPI({ apiToken, teamId, baseUrl });
  const seen = [];
  const watch = api.services.onStatusChange((_, status, { name }) => {
    if (name === 'in-browser') seen.push(status);
  });
  await watch.ready;
  const workspace = await api.workspaces.register({ folder });
  const { operations } = await api.workspaces.deploy(workspace.id);
  for (const operation of operations) await api.operations.waitFor(operation, { pollMs: 200 });
  const [service] = await api.services.list({ search: 'in-browser' });
  const { urls } = await api.services.get(service.id);
  const { url } = urls.find(({ kind }) => kind === 'port');
  await visit(url);
  let followed = '';
  const signal = AbortSignal.timeout(60_000);
  for await (const { line } of api.services.followLogs(service.id, { signal })) {
    if (line.includes('/from-the-browser')) { followed = line; break; }
  }
  const packed = await new Response(
    new Blob(['not an archive']).stream().pipeThrough(new CompressionStream('gzip'))
  ).blob();
  const refused = await api.workspaces.upload(packed.stream()).catch((error) => error.code);
  await api.operations.waitFor(await api.services.stop(service.id), { pollMs: 200 });
  for (let looks = 0; looks < 200 && !seen.includes('stopped'); looks++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  watch.close();
  const nobody = '00000000-0000-0000-0000-000000000000';
  const missing = await api.services.get(nobody).catch((error) => error instanceof NotFoundError);
  return { url, seen, followed, refused, missing };
}
"""


@pytest.fixture
def kyozo() -> Iterator[Kyozo]:
    with runs.begin() as run:
        kyozo = installation(run)
        assert kyozo("up", "--detach").code == 0
        yield kyozo


def work(origin: str, package: Built, values: dict[str, str]) -> tuple[Any, list[str]]:
    """What the page found, and the addresses of its sockets."""
    sockets: list[str] = []

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(f"{origin}/sdk/")
        text = (package.package / "dist" / path).read_text(encoding="utf-8")
        route.fulfill(body=text, content_type="text/javascript")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        page = browser.new_page()
        # A page may not ask other addresses of its machine by itself.
        page.expose_function("visit", lambda url: get(url, "/from-the-browser").status_code)
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.route(f"{origin}/sdk/**", serve)
        page.goto(f"{origin}/sign-in")
        found = page.evaluate(WORK, values)
        browser.close()
    return found, sockets


def test_a_page_deploys_follows_and_is_told(kyozo: Kyozo, package: Built, tmp_path: Path) -> None:
    platform, profile = kyozo.platform, credentials.load(kyozo.state, LOCAL)
    assert platform is not None
    assert profile is not None
    values = {
        "apiToken": profile.token,
        "teamId": profile.team_id,
        "baseUrl": f"{platform.url}/api/v1",
        "folder": str(make_talking(tmp_path / "in-browser")),
    }

    found, sockets = work(platform.url, package, values)

    assert found["seen"][-1] == "stopped"
    assert "running" in found["seen"]
    assert "/from-the-browser" in found["followed"]
    assert (found["missing"], found["refused"]) == (True, "archive.damaged")
    assert len(sockets) == 1
    assert profile.token not in sockets[0]
