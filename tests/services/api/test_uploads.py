"""POST /teams/T/workspaces/archive and PUT /teams/T/workspaces/W/archive"""

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from services.lifecycle.trees import trees
from services.models import Service, StorageBackend, Workspace
from services.teams.models import Scope
from tests.conftest import Api, Person
from tests.sources.archives import entry, tar_gz, tar_gz_of, zip_of

pytestmark = pytest.mark.usefixtures("state_dir")

FLASK = {
    "requirements.txt": b"flask==3.0.0\n",
    "app.py": b"from flask import Flask\n\napp = Flask(__name__)\n",
}
BAD = tar_gz((entry("app.py"), b"x"), (entry("out", tarfile.SYMTYPE, linkname="/etc"), b""))


def send(api: Api, content: bytes, *, kind: str = "application/gzip", query: str = "") -> Any:
    return api.post(api.at(f"/workspaces/archive{query}"), content, content_type=kind)


def replace(api: Api, key: object, content: bytes) -> Any:
    path = api.at(f"/workspaces/{key}/archive")
    return api.put(path, content, content_type="application/zip")


@pytest.fixture
def sent(api: Api) -> Workspace:
    return Workspace.objects.get(pk=send(api, tar_gz_of(FLASK)).json()["data"]["id"])


def left() -> list[Path]:
    """Files and trees, without the locks."""
    return sorted(p for p in trees().glob("*/*") if p.name != "lock")


@pytest.mark.parametrize("make", [tar_gz_of, zip_of])
def test_an_archive_becomes_a_workspace(api: Api, make: Callable[..., bytes]) -> None:
    answer = send(api, make(FLASK), kind="application/octet-stream", query="?name=shop")

    data = answer.json()["data"]
    assert (answer.status_code, data["name"]) == (201, "shop")
    assert (data["storage_backend"], data["folder"]) == ("archive", None)
    assert left() == [Path(Workspace.objects.get().root).parent]


def test_it_is_analysed_and_deployed_like_a_folder(api: Api, sent: Workspace) -> None:
    found = api.post(api.at(f"/workspaces/{sent.id}/analyze"), {}).json()["data"]
    done = api.post(api.at(f"/workspaces/{sent.id}/deploy"), {})

    assert [row["type"] for row in found["service_graph"]["nodes"]] == ["python"]
    assert "\nFROM " in found["recommended_services"][0]["dockerfile_content"]
    assert done.json()["data"]["services"][0]["name"] == "upload"
    assert Service.objects.get().workspace.storage_backend == StorageBackend.ARCHIVE


def test_another_archive_takes_the_place_of_the_one_before(api: Api, sent: Workspace) -> None:
    answer = replace(api, sent.id, zip_of({"index.html": b"<p>new</p>"}))

    root = Path(Workspace.objects.get().root)
    assert answer.status_code == 200
    assert [path.name for path in root.iterdir()] == ["index.html"]
    assert left() == [root.parent]


@pytest.mark.parametrize("content", [BAD, b"hello", b"", tar_gz_of(FLASK)[:-20]])
def test_a_bad_archive_changes_nothing(api: Api, sent: Workspace, content: bytes) -> None:
    assert replace(api, sent.id, content).status_code in {400, 422}
    assert send(api, content).status_code in {400, 422}
    assert left() == [Path(Workspace.objects.get().root).parent]


def test_the_entry_that_is_refused_is_named(api: Api) -> None:
    error = send(api, BAD).json()["error"]

    assert error["code"] == "archive.refused"
    assert "'out' is a link" in error["details"]["archive"][0]


def test_more_than_is_allowed_is_not_taken(api: Api, settings: Settings) -> None:
    settings.KYOZO = settings.KYOZO | {"ARCHIVE_MB": 0}

    answer = send(api, tar_gz_of(FLASK))

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")
    assert (left(), Workspace.objects.exists()) == ([], False)


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "a/b"])
def test_another_type_is_told_what_is_taken(api: Api, kind: str) -> None:
    answer = send(api, b"{}", kind=kind)

    assert answer.status_code == 415
    assert "application/zip" in answer.json()["error"]["fix"]


@pytest.mark.parametrize("query", ["?folder=/etc", "?name=a%00b", "?name=" + "x" * 101])
def test_a_bad_name_is_refused(api: Api, query: str) -> None:
    assert send(api, tar_gz_of(FLASK), query=query).status_code == 400


def test_a_folder_is_not_replaced_by_an_archive(api: Api, workspace: Workspace) -> None:
    answer = replace(api, workspace.id, tar_gz_of(FLASK))

    assert answer.json()["error"]["code"] == "workspace.other_source"


def test_it_takes_the_scope_to_deploy(as_person: Callable[..., Api], bob: Person) -> None:
    content = tar_gz_of(FLASK)

    assert send(as_person(bob, scope=Scope.READ), content).status_code == 403
    assert send(as_person(bob, scope=Scope.DEPLOY), content).status_code == 201


def test_a_stranger_replaces_nothing(stranger: Api, sent: Workspace) -> None:
    there = replace(stranger, sent.id, tar_gz_of({"x": b""}))
    nowhere = replace(stranger, "12345678-1234-4234-8234-123456789012", b"")

    assert [there.status_code, nowhere.status_code] == [404, 404]
    bodies = [{**a.json()["error"], "request_id": ""} for a in (there, nowhere)]
    assert bodies[0] == bodies[1]
    assert Path(Workspace.objects.get().root) == Path(sent.root)
