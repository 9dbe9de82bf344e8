"""Workspace Integration: its services, deploying from it, analysing it."""

from services.models import Operation, Service, Workspace
from tests.conftest import Api
from tests.contract.document import missing, request, response


def test_list_workspace_services(api: Api, web: Service) -> None:
    answer = api.get(api.at(f"/workspaces/{web.workspace_id}/services"))

    assert answer.status_code == 200
    assert missing("List Workspace Services", answer.json()) == []


def test_deploy_service_from_workspace(api: Api, workspace: Workspace) -> None:
    body = request("Deploy Service from Workspace")

    answer = api.post(api.at(f"/workspaces/{workspace.id}/services"), body)

    assert answer.status_code == 201, answer.content
    assert missing("Deploy Service from Workspace", answer.json()) == []
    data = answer.json()["data"]
    assert (data["service_type"], data["resource_limits"]) == (
        "nodejs",
        body["service"]["resource_limits"],
    )
    assert Operation.objects.get().kind == "deploy"


def test_analyze_workspace_topology(api: Api, workspace: Workspace) -> None:
    body = {"folder_path": "/shop"}
    assert body.keys() == request("Analyze Workspace Topology").keys()

    answer = api.post(api.at(f"/workspaces/{workspace.id}/analyze"), body)

    assert answer.status_code == 200, answer.content
    data = answer.json()["data"]
    assert [
        difference
        for difference in missing("Analyze Workspace Topology", answer.json())
        if "edges" not in difference
    ] == []
    assert data["total_services_detected"] == 2
    assert {node["type"] for node in data["service_graph"]["nodes"]} == {"nodejs", "python"}


def test_an_edge_of_the_graph_has_the_documents_fields(api: Api, workspace: Workspace) -> None:
    compose = (
        "services:\n  web:\n    build: ./frontend\n    ports: ['3000:3000']\n"
        "    depends_on: [api]\n  api:\n    build: ./api\n    expose: ['8000']\n"
    )
    with open(f"{workspace.root}/shop/compose.yaml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(compose)

    answer = api.post(api.at(f"/workspaces/{workspace.id}/analyze"), {"folder_path": "/shop"})

    wanted = response("Analyze Workspace Topology")["data"]["service_graph"]["edges"][0]
    (edge, *_) = answer.json()["data"]["service_graph"]["edges"]
    assert wanted.keys() <= edge.keys()
