"""POST /teams/T/workspaces/W/analyze"""

from pathlib import Path
from typing import Any

import pytest

from services.models import Analysis, Workspace
from tests.conftest import Api


def analyze(api: Api, workspace: Workspace, body: Any) -> Any:
    return api.post(api.at(f"/workspaces/{workspace.id}/analyze"), body)


def test_it_answers_in_the_seeds_words(api: Api, workspace: Workspace) -> None:
    data = analyze(api, workspace, {"folder_path": "/"}).json()["data"]

    assert data["id"] == str(Analysis.objects.get().id)
    assert data["detected_patterns"]["frameworks"] == ["flask"]
    (node,) = data["service_graph"]["nodes"]
    assert (node["type"], node["port"], node["file_path"]) == ("python", 5000, "/")
    assert data["total_services_detected"] == 1


def test_it_recommends_how_to_run_what_it_found(api: Api, workspace: Workspace) -> None:
    (row,) = analyze(api, workspace, {}).json()["data"]["recommended_services"]

    assert row["port_mappings"] == {"5000": {"host_port": None, "protocol": "tcp"}}
    assert row["health_check"]["endpoint"] == "/"
    assert "\nFROM " in row["dockerfile_content"]


@pytest.mark.parametrize("folder", ["/..", "../etc", "/missing", "a/../../b", "/\x00"])
def test_a_path_never_leaves_the_workspace(api: Api, workspace: Workspace, folder: str) -> None:
    assert analyze(api, workspace, {"folder_path": folder}).status_code == 422


def test_a_link_out_of_the_workspace_is_not_followed(api: Api, workspace: Workspace) -> None:
    (Path(workspace.root) / "out").symlink_to("/etc")

    assert analyze(api, workspace, {"folder_path": "/out"}).status_code == 422


def test_an_unknown_field_is_refused(api: Api, workspace: Workspace) -> None:
    assert analyze(api, workspace, {"folder": "/"}).status_code == 400


def test_a_stranger_looks_at_nothing(stranger: Api, workspace: Workspace) -> None:
    assert analyze(stranger, workspace, {}).status_code == 404
    assert not Analysis.objects.exists()
