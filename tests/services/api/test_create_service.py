"""POST /teams/T/services"""

from typing import Any

import pytest

from services.models import Operation, Service, Workspace
from services.teams.models import Scope
from tests.conftest import Api, Person
from tests.factories import make_workspace


def body(workspace: Workspace, **fields: Any) -> dict[str, Any]:
    usual = {"name": "api", "folder_path": "/", "workspace_id": str(workspace.id)}
    return {"service": usual | fields}


def test_it_looks_at_the_folder_and_answers_201(api: Api, workspace: Workspace) -> None:
    answer = api.post(api.at("/services"), body(workspace))

    assert answer.status_code == 201, answer.content
    data = answer.json()["data"]
    assert (data["name"], data["service_type"], data["status"]) == ("api", "python", "pending")
    assert data["detection_confidence"] > 0.5
    assert not Operation.objects.exists()


def test_auto_deploy_queues_a_deploy(api: Api, workspace: Workspace) -> None:
    fields = {"deployment_config": {"auto_deploy": True}}
    api.post(api.at("/services"), body(workspace, **fields))

    assert Operation.objects.get().kind == "deploy"


def test_a_name_can_be_taken_once(api: Api, workspace: Workspace) -> None:
    api.post(api.at("/services"), body(workspace))
    answer = api.post(api.at("/services"), body(workspace))

    assert answer.status_code == 422
    assert answer.json()["error"]["details"] == {"name": ["has already been taken"]}


@pytest.mark.parametrize("missing", ["name", "folder_path"])
def test_a_missing_field_is_named(api: Api, workspace: Workspace, missing: str) -> None:
    sent = body(workspace)
    del sent["service"][missing]

    answer = api.post(api.at("/services"), sent)

    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {missing: ["is required"]}


def test_another_team_s_workspace_does_not_exist(stranger: Api, workspace: Workspace) -> None:
    answer = stranger.post(stranger.at("/services"), body(workspace))

    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "Workspace not found")


def test_the_only_workspace_need_not_be_said(api: Api, workspace: Workspace) -> None:
    answer = api.post(api.at("/services"), {"service": {"name": "api", "folder_path": "/"}})

    assert answer.json()["data"]["workspace_id"] == str(workspace.id)


def test_of_several_workspaces_one_must_be_said(
    api: Api, alice: Person, charlie: Person, workspace: Workspace
) -> None:
    other = make_workspace(alice.team, name="other")
    make_workspace(charlie.team, name="theirs")

    answer = api.post(api.at("/services"), {"service": {"name": "api", "folder_path": "/"}})

    assert answer.status_code == 422
    error = answer.json()["error"]
    assert {row["id"] for row in error["params"]["workspaces"]} == {
        str(workspace.id),
        str(other.id),
    }
    assert "theirs" not in error["details"]["workspace_id"][0]


def test_without_a_workspace_it_says_what_to_do(api: Api) -> None:
    answer = api.post(api.at("/services"), {"service": {"name": "api", "folder_path": "/"}})

    assert (answer.status_code, "register" in answer.json()["error"]["fix"]) == (422, True)


def test_a_folder_without_a_service_says_what_to_do(api: Api, alice: Person, tmp_path: Any) -> None:
    answer = api.post(api.at("/services"), body(make_workspace(alice.team, root=str(tmp_path))))

    assert answer.status_code == 422
    assert answer.json()["error"]["fix"]


def test_a_reader_may_not(as_person: Any, bob: Person, workspace: Workspace) -> None:
    reader = as_person(bob, scope=Scope.READ)

    assert reader.post(reader.at("/services"), body(workspace)).status_code == 403
    assert not Service.objects.exists()
