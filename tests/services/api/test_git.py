"""POST /teams/T/workspaces/git and POST /teams/T/workspaces/W/refresh"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from services.lifecycle.trees import trees
from services.models import Operation, Service, Workspace
from services.teams.models import Scope
from tests.conftest import Api, Person
from tests.factories import make_folder
from tests.sources.git_server import commit
from tests.sources.test_git import HOSTILE

pytestmark = pytest.mark.usefixtures("state_dir")

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_folder(tmp_path / "projects", "shop")
    commit(folder, {})
    return folder


def make(api: Api, **fields: Any) -> Any:
    return api.post(api.at("/workspaces/git"), {"workspace": fields})


def refresh(api: Api, key: object, **fields: Any) -> Any:
    return api.post(api.at(f"/workspaces/{key}/refresh"), fields)


@pytest.fixture
def made(api: Api, project: Path) -> Workspace:
    return Workspace.objects.get(pk=make(api, url=str(project)).json()["data"]["id"])


def test_a_repository_becomes_a_workspace(api: Api, project: Path) -> None:
    answer = make(api, url=str(project), ref="main")

    data = answer.json()["data"]
    assert answer.status_code == 201
    assert (data["name"], data["storage_backend"], data["folder"]) == ("shop", "git", None)
    assert data["git"]["ref"] == "main"
    assert data["git"]["commit"] == Workspace.objects.get().git_commit


def test_it_is_analysed_and_deployed_like_a_folder(api: Api, made: Workspace) -> None:
    found = api.post(api.at(f"/workspaces/{made.id}/analyze"), {}).json()["data"]
    done = api.post(api.at(f"/workspaces/{made.id}/deploy"), {})

    assert "\nFROM " in found["recommended_services"][0]["dockerfile_content"]
    assert (done.status_code, Service.objects.get().workspace_id) == (202, made.id)


def test_a_refresh_deploys_what_changed(api: Api, made: Workspace, project: Path) -> None:
    body = {"service": {"name": "one", "folder_path": "/"}}
    api.post(api.at(f"/workspaces/{made.id}/services"), body)
    new = commit(project, {"more.py": "x = 1\n"})

    answer = refresh(api, made.id).json()

    assert answer["data"]["git"]["commit"] == new
    assert answer["meta"] == {
        "unchanged": False,
        "operation_ids": [str(Operation.objects.order_by("-created_at")[0].id)],
    }


def test_the_same_commit_changes_nothing(api: Api, made: Workspace) -> None:
    assert refresh(api, made.id).json()["meta"] == {"unchanged": True, "operation_ids": []}


def test_what_does_not_come_leaves_the_old_files(api: Api, made: Workspace) -> None:
    answer = refresh(api, made.id, ref="nothing")

    assert answer.json()["error"]["code"] == "git.ref_not_found"
    assert Workspace.objects.get().git_ref == ""
    assert (Path(Workspace.objects.get().root) / "app.py").exists()


@pytest.mark.parametrize("url", [url for url in HOSTILE if url[:1] != "/"])
def test_a_bad_address_does_nothing(api: Api, url: str) -> None:
    answer = make(api, url=url)

    assert answer.status_code == 422, answer.content
    assert not Workspace.objects.exists()
    assert not list(trees().glob("*/*.part"))


@pytest.mark.parametrize("path", ["/etc", "/", "/proc/self", "/nowhere", "/a\x00b"])
def test_a_local_repository_lies_where_folders_may(api: Api, path: str) -> None:
    assert make(api, url=path).status_code == 422


def test_only_admins_name_a_path_of_the_machine(
    as_person: Callable[..., Api], alice: Person, bob: Person, project: Path
) -> None:
    assert make(as_person(bob, scope=Scope.DEPLOY), url=str(project)).status_code == 403
    assert make(as_person(alice, scope=Scope.DEPLOY), url=str(project)).status_code == 403
    assert make(as_person(alice, scope=Scope.READ), url="https://x.example/y").status_code == 403


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"url": 7}, 400),
        ({"url": "https://example.com/x", "branch": "main"}, 400),
        ({"url": "https://example.com/x", "ref": "--upload-pack=x"}, 422),
        ({"url": "https://example.com/x", "token": "a b"}, 422),
        ({"url": "https://example.com/x", "token": "a\nHost: b"}, 422),
        ({"url": "https://example.com/x", "username": "a:b", "token": "x"}, 422),
        ({"url": "https://example.com/x", "deploy_key": KEY}, 422),
        ({"url": "git@example.com:x", "token": "x"}, 422),
        ({"url": "git@example.com:x", "deploy_key": "no key"}, 422),
        ({"url": "https://127.0.0.1/x"}, 422),
        ({"url": "https://169.254.169.254/latest"}, 422),
    ],
)
def test_a_bad_body_is_refused(api: Api, fields: dict[str, Any], status: int) -> None:
    assert make(api, **fields).status_code == status
    assert not Workspace.objects.exists()


def test_a_credential_is_encrypted_and_never_shown(api: Api, made: Workspace) -> None:
    answer = refresh(api, made.id, token="very-secret", username="me")

    with connection.cursor() as cursor:
        cursor.execute("SELECT git_credential FROM services_workspace")
        [stored] = cursor.fetchone()
    assert answer.json()["data"]["git"]["has_credential"] is True
    assert Workspace.objects.get().git_credential["token"] == "very-secret"
    assert "very-secret" not in stored
    assert "very-secret" not in answer.content.decode()


def test_a_folder_cannot_be_refreshed(api: Api, workspace: Workspace) -> None:
    assert refresh(api, workspace.id).json()["error"]["code"] == "workspace.other_source"


def test_a_stranger_refreshes_nothing(stranger: Api, made: Workspace) -> None:
    there = refresh(stranger, made.id, ref="x")
    nowhere = refresh(stranger, "12345678-1234-4234-8234-123456789012", ref="x")

    assert [there.status_code, nowhere.status_code] == [404, 404]
    bodies = [{**a.json()["error"], "request_id": ""} for a in (there, nowhere)]
    assert bodies[0] == bodies[1]
