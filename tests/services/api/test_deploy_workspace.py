"""POST /teams/T/workspaces/W/deploy"""

from typing import Any

import pytest

from services.models import Operation, Service, Workspace
from tests.conftest import Api


def deploy(api: Api, workspace: Workspace, **body: Any) -> Any:
    return api.post(api.at(f"/workspaces/{workspace.id}/deploy"), body)


def test_each_service_found_gets_an_operation(api: Api, workspace: Workspace) -> None:
    answer = deploy(api, workspace, folder_path="/", force=True)

    data = answer.json()["data"]
    assert answer.status_code == 202
    assert [row["name"] for row in data["services"]] == ["app"]
    assert [step["name"] for step in data["operations"][0]["steps"]][:2] == ["analyse", "build"]
    assert (data["analysis"]["total_services_detected"], data["skipped"]) == (1, [])


def test_the_same_folder_again_is_the_same_service(api: Api, workspace: Workspace) -> None:
    first, again = deploy(api, workspace), deploy(api, workspace)

    assert first.json()["data"]["services"][0]["id"] == again.json()["data"]["services"][0]["id"]
    assert Service.objects.count() == 1


def test_a_name_can_be_given(api: Api, workspace: Workspace) -> None:
    assert deploy(api, workspace, name="mine").json()["data"]["services"][0]["name"] == "mine"


def test_a_deploy_renames_nothing(api: Api, workspace: Workspace) -> None:
    deploy(api, workspace, name="mine")

    answer = deploy(api, workspace, name="other")

    error = answer.json()["error"]
    assert (answer.status_code, list(error["details"])) == (400, ["name"])
    assert "mine" in error["details"]["name"][0]
    assert deploy(api, workspace, name="mine").status_code == 202


def test_what_a_deploy_was_told_leaves_its_settings_as_they_are_shown(
    api: Api, workspace: Workspace
) -> None:
    path = api.at(f"/workspaces/{workspace.id}/deploy")
    api.post(path, {"overrides": {"start": "./run"}})
    service = Service.objects.get()
    shown = api.get(api.at(f"/services/{service.id}")).json()["data"]

    again = {"deployment_config": shown["deployment_config"]}
    answer = api.put(api.at(f"/services/{service.id}"), {"service": again})

    assert answer.status_code == 200, answer.content
    assert service.overrides == {"start": "./run"}


def test_a_service_that_was_not_found_is_named(api: Api, workspace: Workspace) -> None:
    answer = deploy(api, workspace, only=["web"])

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (422, ["only"])


@pytest.mark.parametrize(
    ("body", "status"),
    [({"only": "app"}, 400), ({"folder_path": 7}, 400), ({"x": 1}, 400), ({"name": "A b"}, 422)],
)
def test_a_bad_body_is_refused(api: Api, workspace: Workspace, body: Any, status: int) -> None:
    assert deploy(api, workspace, **body).status_code == status
    assert not Operation.objects.exists()


def test_a_stranger_deploys_nothing(stranger: Api, workspace: Workspace) -> None:
    assert deploy(stranger, workspace).status_code == 404
    assert not Operation.objects.exists()
