"""The examples of the package's page run as they stand; address, token and ids are replaced."""

import re
import tarfile
from pathlib import Path

import playwright
import pytest

from services.models import Service, Workspace
from tests.conftest import Person
from tests.factories import make_folder, make_workspace
from tests.sdk_javascript.building import NODE, SDK
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.programs import Access, Programs
from tests.services.lifecycle.conftest import _short_times, engine
from tests.services.lifecycle.working import carry_out_all
from tests.waiting import wait_until

__all__ = ["_short_times", "engine"]

# One without a WebSocket of its own, and one with.
NODES = {"node 20": NODE, "newest node": Path(str(playwright.__file__)).parent / "driver" / "node"}
PACKAGE = '{"scripts": {"start": "node server.js"}, "dependencies": {"express": "4.19.2"}}'
LOCK = '{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "4.19.2"}}}}'
PAGE = (SDK / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```javascript\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SEED = (Path(__file__).with_name("seed_example.mjs")).read_text(encoding="utf-8")


@pytest.fixture
def project(alice: Person, served: Served, tmp_path: Path) -> Workspace:
    """The team's only workspace, with a Node application in /app."""
    app = tmp_path / "project" / "app"
    app.mkdir(parents=True)
    files = {"package.json": PACKAGE, "package-lock.json": LOCK, "server.js": "require('express')"}
    for name, text in files.items():
        (app / name).write_text(text)
    return make_workspace(alice.team, name="project", root=str(tmp_path / "project"))


def with_access(example: str, access: Access) -> str:
    for word, value in {
        "your_api_token": access.token,
        "your_team_id": access.team,
        "https://api.kyozo.com/api/v1": access.base,
    }.items():
        assert example.count(word) == 1
        example = example.replace(word, value)
    return example


def test_the_page_begins_with_the_first_example() -> None:
    assert BLOCKS[0] == SEED


@pytest.mark.parametrize("node", NODES.values(), ids=list(NODES))
def test_the_first_example_runs(
    js: Programs, access: Access, served: Served, project: Workspace, node: Path
) -> None:
    program = js.begin(access, with_access(SEED, access), head="", node=node)
    # It listens now, so that whatever the worker does from here on must be told.
    wait_until(
        lambda: any("/events?limit=1" in line for line in served.answered),
        within_s=20,
        what="a look at the events",
    )
    carry_out_all()

    service = Service.objects.get()
    heard = [program.line()]
    while "running" not in heard[-1]:
        heard.append(program.line())
    assert heard[-1] == f"Service {service.id} status: running\n"
    assert f"Service {service.id} status: deploying\n" in heard
    assert (service.name, service.service_type) == ("my-app", "nodejs")
    assert bool(served.times("SOCKET")) is (node != NODE)


def test_the_others_run(js: Programs, owner: Access, tmp_path: Path) -> None:
    """In one program, each in a block of its own; what the second deploys the others use."""
    folder = make_folder(tmp_path, "app")
    with tarfile.open(js.place / "app.tar.gz", "w:gz") as tar:
        tar.add(make_folder(tmp_path, "packed"), arcname=".")
    imports, code = "", ""
    for block in BLOCKS[1:]:
        lines = block.replace("/srv/app", str(folder)).splitlines(keepends=True)
        imports += "".join(line for line in lines if line.startswith("import "))
        rest = "".join(line for line in lines if not line.startswith("import "))
        keep = "service = services[0];" if "const { services," in rest else ""
        code += f"{{\n{rest}\n{keep}\n}}\n"

    start = f"process.chdir({str(js.place)!r});\nlet service;\n"
    said = js.begin(owner, f"{imports}{start}{code}").lines()

    for expected in ("running\n", "archive\n", "app running\n", "true not_found 404"):
        assert [line for line in said if line.startswith(expected)], said
