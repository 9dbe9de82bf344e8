"""Container Services: list, show, create, update, delete."""

from typing import Any

from services.models import Operation, Service, Workspace
from tests.conftest import Api
from tests.contract.document import missing, request, response


def test_list_services(api: Api, web: Service) -> None:
    answer = api.get(api.at("/services"))

    assert answer.status_code == 200
    assert missing("List Services", answer.json()) == []


def test_list_services_takes_the_documents_parameters(api: Api, web: Service) -> None:
    params = {
        "status": "running",
        "service_type": "nodejs",
        "workspace_id": str(web.workspace_id),
        "search": "web-frontend",
        "sort_by": "deployed_at",
        "sort_order": "desc",
    }

    (row,) = api.get(api.at("/services"), params).json()["data"]
    assert row["id"] == str(web.id)
    for name, other in {"status": "error", "service_type": "rust", "search": "nothing"}.items():
        assert api.get(api.at("/services"), {name: other}).json()["data"] == []


def test_get_service_details(api: Api, web: Service) -> None:
    answer = api.get(api.at(f"/services/{web.id}"))

    assert answer.status_code == 200
    data = answer.json()["data"]
    # The document shows a completed deploy; what only begins has no duration.
    data["deployment_events"] = [
        event for event in data["deployment_events"] if event["event_type"].endswith("completed")
    ]
    assert missing("Get Service Details", {"data": data}) == []


def sent_back(sent: dict[str, Any], got: dict[str, Any]) -> dict[str, Any]:
    return {name: got[name] for name in sent}


def test_create_service(api: Api, workspace: Workspace) -> None:
    body = request("Create Service")
    body["service"]["workspace_id"] = str(workspace.id)

    answer = api.post(api.at("/services"), body)

    assert answer.status_code == 201, answer.content
    data = answer.json()["data"]
    assert missing("Create Service", answer.json()) == []
    assert data["status"] == response("Create Service")["data"]["status"]
    assert sent_back(body["service"], data) == body["service"]
    assert Operation.objects.get().kind == "deploy"  # auto_deploy


def test_create_service_as_the_command_line_example_does(api: Api, workspace: Workspace) -> None:
    body = {
        "service": {
            "name": "my-app",
            "folder_path": "/app/web-frontend",
            "workspace_id": str(workspace.id),
        }
    }

    answer = api.post(api.at("/services"), body)

    assert (answer.status_code, answer.json()["data"]["service_type"]) == (201, "nodejs")


def test_update_service(api: Api, web: Service) -> None:
    body = request("Update Service")

    answer = api.put(api.at(f"/services/{web.id}"), body)

    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    assert sent_back(body["service"], data) == body["service"]
    assert data["folder_path"] == web.folder_path


def test_delete_service(api: Api, web: Service) -> None:
    answer = api.delete(api.at(f"/services/{web.id}"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(api.at(f"/services/{web.id}")).status_code == 404
