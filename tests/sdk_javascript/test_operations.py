"""Every operation of the API has a method, and each was asked of a platform that runs."""

import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories import make_folder
from tests.sdk_javascript.programs import Access, Programs
from tests.sdk_javascript.typescript import PLACE, declarations, document, operations

# One program asks everything once; `asked` is what went over the wire.
EVERYTHING = """
const { FOLDER, REPOSITORY, ARCHIVE } = process.env;
import { readFile } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
const asked = [];
const recording = { fetch: async (url, init) => {
  const answer = await fetch(url, init);
  asked.push([init.method, new URL(url).pathname, answer.status]);
  return answer;
} };
const all = connect(recording);
const quick = { pollMs: 50 };
const succeeded = (answer) => all.operations.waitFor(answer, quick);

await all.platform.isLive();
await all.platform.isReady();
const { openapi } = await all.platform.openapi();
const me = await all.me();
const link = await all.platform.createSignInLink();
const workspace = await all.workspaces.register({ folder: FOLDER });
await all.workspaces.list().all();
await all.workspaces.get(workspace.id);
const files = await all.workspaces.listFiles(workspace.id);
const file = await all.workspaces.readFile(workspace.id, 'app.py');
const analysis = await all.workspaces.analyze(workspace.id, { folder_path: '/' });
const late = { name: 'late', folder_path: '/', auto_deploy: false };
const plan = await all.workspaces.createService(workspace.id, late);
await all.workspaces.listServices(workspace.id);
await all.services.remove(plan.id);
const wanted = { name: 'web', folder_path: '/', workspace_id: workspace.id };
const web = await all.services.create(wanted);
await succeeded(await all.services.start(web.id));
await all.services.list();
await all.services.get(web.id);
await all.services.update(web.id, { resource_limits: { memory_mb: 256 } });
await all.services.replace(web.id, { environment_variables: { A: '1' } });
await all.env.update(web.id, { variables: { B: '2' } });
const env = await all.env.get(web.id);
await succeeded(await all.services.deploy(web.id, { force: true }));
await succeeded(await all.services.scale(web.id, 2));
await succeeded(await all.services.restart(web.id));
await succeeded(await all.services.rollback(web.id, { release: 1 }));
const status = await all.services.getStatus(web.id);
await all.services.getLogs(web.id, { lines: 5 });
await all.logs.get(web.id);
await all.services.getHealth(web.id);
await all.services.getMetrics(web.id, { range: '15m' });
const releases = await all.releases.list(web.id);
await all.releases.compare(web.id, releases[0].number, { against: 1 });
const builds = await all.builds.list({ service_id: web.id });
await all.builds.get(builds[0].id);
await all.builds.getLog(builds[0].id, { after: 0 });
for await (const _ of all.builds.followLog(builds[0].id, { pollMs: 10 }));
const operations = await all.operations.list({ service_id: web.id });
const over = await all.operations.cancel(operations[0].id);
const events = await all.events.list({ since: 0 });
let counted = 0;
for await (const _ of all.events.iterate({ limit: 2 })) counted += 1;
await succeeded(await all.services.stop(web.id));
const { operations: begun } = await all.workspaces.deploy(workspace.id);
for (const { id } of begun) await all.operations.waitFor(id, quick);

const uploaded = await all.workspaces.upload(await readFile(ARCHIVE), { name: 'packed' });
await all.workspaces.replaceArchive(uploaded.id, createReadStream(ARCHIVE));
await all.workspaces.replaceArchive(uploaded.id, () => createReadStream(ARCHIVE));
await all.workspaces.remove(uploaded.id);
const cloned = await all.workspaces.clone({ url: REPOSITORY });
const refreshed = await all.workspaces.refresh(cloned.id);

const nobody = { ...recording, apiToken: undefined, teamId: undefined };
const teamOf = async (name) => {
  const made = await all.teams.create({ name, token_name: 'first' });
  return connect({ ...recording, apiToken: made.token, teamId: made.id });
};
const second = await teamOf('Second');
await second.teams.rename('Renamed');
const { name: renamed, role } = await second.teams.get();
const { length: shown } = await second.teams.list();
const heir = await second.invitations.create({ role: 'owner' });
await connect(nobody).invitations.accept({
  token: heir.token, username: 'gina', password: 'a long enough password',
});
await second.teams.leave();
await (await teamOf('Third')).teams.remove();
const token = await all.tokens.create({ name: 'ci', scope: 'read' });
await all.tokens.list({ search: 'ci' });
await all.tokens.revoke(token.id);
const open = await all.invitations.create({ role: 'viewer' });
await all.invitations.list();
await all.invitations.revoke(open.id);
const invitation = await all.invitations.create({ role: 'viewer' });
const arrival = await connect(nobody).invitations.accept({
  token: invitation.token, username: 'frida', password: 'a long enough password',
});
const members = await all.members.list();
const frida = members.find(({ name }) => name === 'frida');
await all.members.get(frida.id);
await all.members.update(frida.id, { role: 'developer' });
await all.members.remove(frida.id);
const entries = await all.audit.list({ limit: 5 });
await all.imageMappings.set('python:3.11', 'mirror/python:3.11');
await all.imageMappings.list();
await all.imageMappings.remove('python:3.11');
await all.platform.clean({ dry_run: true });
say({
  asked, openapi, team: me.team.id, link: link.url, files: files.map(({ name }) => name),
  text: file.text,
  env: env.variables, status: status.status, counted, listed: events.length,
  entries: entries.length, next: typeof entries.next, unchanged: refreshed.meta.unchanged,
  found: analysis.total_services_detected, over: over.state, joined: arrival.member.role,
  begun: begun.length, teams: [renamed, role, shown],
});
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path, "repository")
    who = ("-c", "user.name=Frida", "-c", "user.email=frida@example.com")
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run([str(shutil.which("git")), *command], cwd=folder, check=True)
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    packed = tmp_path / "app.tar.gz"
    with tarfile.open(packed, "w:gz") as tar:
        tar.add(make_folder(tmp_path, "packed"), arcname=".")
    return packed


def name_of(method: str, path: str, known: dict[str, Any]) -> str:
    """The id of the operation that a request was."""
    for name, (its_method, template, _) in sorted(known.items(), key=lambda one: "{" in one[1][1]):
        shape = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))
        if method == its_method and re.fullmatch(f"/api/v1{shape}", path):
            return name
    raise AssertionError(f"{method} {path} is no operation")


def test_every_operation_has_a_method_that_works(
    js: Programs, owner: Access, repository: Path, archive: Path, tmp_path: Path
) -> None:
    known = operations(httpx.get(f"{owner.base}/openapi.json", trust_env=False).json())

    found = js.run(
        owner,
        EVERYTHING,
        FOLDER=str(make_folder(tmp_path, "app")),
        REPOSITORY=str(repository),
        ARCHIVE=str(archive),
    )

    asked = {
        name_of(method, path, known): status
        for method, path, status in found["asked"]
        if not path.endswith("/openapi.json")  # it does not describe itself
    }
    assert found["openapi"].startswith("3.1")
    assert sorted(set(known) - set(asked)) == []
    assert {name: status for name, status in asked.items() if status >= 300} == {}
    assert (found["team"], found["status"], found["over"]) == (owner.team, "running", "succeeded")
    assert (found["files"], found["env"]) == (["app.py", "requirements.txt"], {"A": "1", "B": "2"})
    assert "Flask" in found["text"]
    assert found["counted"] >= found["listed"] > 5
    assert (found["entries"], found["next"]) == (5, "string")
    assert (found["found"], found["unchanged"], found["begun"]) == (1, True, 1)
    assert found["joined"] == "viewer"
    assert found["teams"] == ["Renamed", "owner", 1]


def test_the_types_are_those_of_the_api(db: None) -> None:
    """`python -m tests.sdk_javascript.typescript` writes them anew."""
    assert PLACE.read_text(encoding="utf-8") == declarations(document())
