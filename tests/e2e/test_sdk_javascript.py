"""The JavaScript package against a platform with a real engine: one service's whole life."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kyozo.platform import credentials
from kyozo.platform.credentials import LOCAL
from tests.e2e.harness import Kyozo, get
from tests.sdk_javascript.building import built
from tests.sdk_javascript.programs import Access, Programs
from tests.sdk_javascript.talking import make_talking

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

LIFE = """
const seen = [];
const watch = api.services.onStatusChange((_, status, { name }) => {
  if (name === 'js-life') seen.push(status);
});
await watch.ready;

const before = await api.services.list({ search: 'js-life' });
const workspace = await api.workspaces.register({ folder: process.env.FOLDER });
const service = await api.services.create({
  name: 'js-life', folder_path: '/', workspace_id: workspace.id,
});
const steps = new Set();
const started = await api.services.start(service.id);
await api.operations.waitFor(started, { pollMs: 200, onProgress: ({ step }) => steps.add(step) });
const { urls } = await api.services.get(service.id);
say(urls.find(({ kind }) => kind === 'port').url);

// The test asks the service; what it then writes is followed.
let followed = '';
for await (const { line } of api.services.followLogs(service.id, { lines: 100 })) {
  if (line.includes('/seen-by-the-log')) { followed = line; break; }
}
const busy = await failure(() => api.services.create({
  name: 'js-life', folder_path: '/', workspace_id: workspace.id,
}));
await api.env.update(service.id, { variables: { GREETING: 'again' } });
const deployed = await api.services.deploy(service.id);
await api.operations.waitFor(deployed, { pollMs: 200 });
const releases = await api.releases.list(service.id);
const [build] = await api.builds.list({ service_id: service.id });
let log = '';
for await (const { text } of api.builds.followLog(build.id)) log += text;
await api.operations.waitFor(await api.services.stop(service.id), { pollMs: 200 });
const stopped = await api.services.getStatus(service.id);
for (let looks = 0; looks < 200 && !seen.includes('stopped'); looks++) {
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const wrong = await failure(() => api.services.restart(service.id));
await api.services.remove(service.id);
const gone = await failure(() => api.services.get(service.id));
watch.close();
say({
  before: before.length, steps: [...steps], followed, busy: busy.code, log: log.length,
  releases: releases.map(({ number }) => number), status: stopped.status, wrong: wrong.code,
  gone: gone.kind, seen,
});
"""
BROKEN = """
const workspace = await api.workspaces.register({ folder: process.env.FOLDER });
const wanted = { name: 'js-broken', folder_path: '/', workspace_id: workspace.id };
const service = await api.services.create(wanted);
const error = await failure(async () =>
  api.operations.waitFor(await api.services.start(service.id), { pollMs: 200 }));
await api.services.remove(service.id);
say([error.kind, error.code, error.operation.state]);
"""


@pytest.fixture
def access(kyozo: Kyozo) -> Access:
    platform, profile = kyozo.platform, credentials.load(kyozo.state, LOCAL)
    assert platform is not None
    assert profile is not None
    return Access(f"{platform.url}/api/v1", profile.token, profile.team_id)


@pytest.fixture
def js(tmp_path: Path) -> Iterator[Programs]:
    place = tmp_path / "programs"
    place.mkdir()
    programs = Programs(place, built(), wait_s=200)
    yield programs
    programs.end()


def test_a_service_lives_from_its_first_deploy_to_its_end(
    js: Programs, access: Access, tmp_path: Path
) -> None:
    program = js.begin(access, LIFE, FOLDER=str(make_talking(tmp_path / "js-life")))
    url = program.said()
    hello = get(url)
    get(url, "/seen-by-the-log")
    found = program.rest()[-1]

    assert hello.text == "<h1>hello</h1>\n"
    assert found["before"] == 0
    assert {"build", "health"} <= set(found["steps"])  # the others may end between two looks
    assert "/seen-by-the-log" in found["followed"]
    assert (found["busy"], found["wrong"]) == ("service.name_taken", "service.wrong_state")
    assert found["releases"] == [2, 1]
    assert found["log"] > 0
    assert (found["status"], found["gone"]) == ("stopped", "NotFoundError")
    assert found["seen"].index("running") > 0
    assert "stopped" in found["seen"]


def test_a_deploy_that_fails_says_why(
    js: Programs, access: Access, folder: Callable[..., Path]
) -> None:
    place = folder("js-broken", "flask-hello")
    (place / "app.py").write_text("from flask import Flask\napp = Flask(1 / 0)\n")

    kind, code, state = js.run(access, BROKEN, FOLDER=str(place))

    assert (kind, state) == ("OperationFailedError", "failed")
    assert code == "deploy.instance_failed"
