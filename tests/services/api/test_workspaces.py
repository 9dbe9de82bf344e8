"""/teams/T/workspaces: registering, showing, and what belongs to one"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.models import Operation, Service, Workspace
from services.teams.models import Scope
from tests.conftest import Api, Person
from tests.factories import make_folder


def register(api: Api, folder: object) -> tuple[int, Any]:
    answer = api.post(api.at("/workspaces"), {"workspace": {"folder": folder}})
    return answer.status_code, answer.json()


def test_the_same_folder_again_is_the_same_workspace(api: Api, tmp_path: Path) -> None:
    folder = str(make_folder(tmp_path, "shop"))

    first, again = register(api, folder), register(api, folder)

    assert first[0] == again[0] == 200
    assert first[1] == again[1]
    assert Workspace.objects.get().name == "shop"


@pytest.mark.parametrize("folder", ["relative", "/nowhere/at/all", "/proc/self", "/a\x00b", ""])
def test_a_folder_that_cannot_be_taken(api: Api, folder: str) -> None:
    assert register(api, folder)[0] == 422


@pytest.mark.parametrize("folder", ["/", "/etc", "/home", "/var/lib", "/usr", "/etc/ssl"])
def test_a_folder_of_the_system_is_refused(api: Api, folder: str, settings: Any) -> None:
    settings.KYOZO = settings.KYOZO | {"FOLDER_ROOTS": [Path("/")]}

    status, answer = register(api, folder)

    assert (status, Workspace.objects.exists()) == (422, False)
    assert "belongs to the system" in answer["error"]["message"]


def test_a_path_of_the_machine_is_registered_by_admins_only(
    as_person: Callable[..., Api], alice: Person, bob: Person, tmp_path: Path
) -> None:
    folder = str(make_folder(tmp_path, "shop"))

    assert register(as_person(alice, scope=Scope.DEPLOY), folder)[0] == 403
    assert register(as_person(bob, scope=Scope.ADMIN), folder)[0] == 403
    assert register(as_person(alice, scope=Scope.ADMIN), folder)[0] == 200


def test_a_registered_folder_is_deployed_without_being_admin(
    as_person: Callable[..., Api], bob: Person, workspace: Workspace
) -> None:
    them = as_person(bob, scope=Scope.DEPLOY)

    assert them.post(them.at(f"/workspaces/{workspace.id}/deploy"), {}).status_code == 202


@pytest.mark.parametrize("folder", [None, 7, ["/srv"]])
def test_a_folder_of_another_type(api: Api, folder: object) -> None:
    assert register(api, folder)[0] == 400


def test_one_workspace_and_the_list_show_the_same(api: Api, workspace: Workspace) -> None:
    shown = api.get(api.at(f"/workspaces/{workspace.id}")).json()["data"]

    assert api.get(api.at("/workspaces")).json()["data"] == [shown]


def test_its_services_are_listed_alone(api: Api, service: Service, tmp_path: Path) -> None:
    _, other = register(api, str(make_folder(tmp_path, "other")))
    rows = api.get(api.at(f"/workspaces/{service.workspace_id}/services")).json()["data"]
    other_id = other["data"]["id"]

    assert [row["name"] for row in rows] == ["web"]
    assert api.get(api.at(f"/workspaces/{other_id}/services")).json()["data"] == []


def test_the_seeds_short_way_deploys_unless_told_not_to(api: Api, workspace: Workspace) -> None:
    path = api.at(f"/workspaces/{workspace.id}/services")
    made = api.post(path, {"service": {"name": "one", "folder_path": "/"}})
    quiet = api.post(path, {"service": {"name": "two", "folder_path": "/", "auto_deploy": False}})

    assert (made.status_code, quiet.status_code) == (201, 201)
    assert [operation.service.name for operation in Operation.objects.all()] == ["one"]


@pytest.mark.parametrize("rest", ["", "/services"])
def test_a_stranger_sees_none_of_it(stranger: Api, workspace: Workspace, rest: str) -> None:
    assert stranger.get(stranger.at(f"/workspaces/{workspace.id}{rest}")).status_code == 404
    assert stranger.get(stranger.at("/workspaces")).json()["data"] == []
