"""Services that somebody describes, and settings that change."""

from pathlib import Path
from typing import Any

import pytest

from services.errors import InvalidError
from services.lifecycle.create import create_service
from services.lifecycle.update import set_environment, update_service
from services.lifecycle.urls import urls
from services.models import Service, Workspace
from tests.factories import make_folder, make_workspace
from tests.services.lifecycle.working import carry_out_all, only


def create(workspace: Workspace, **fields: Any) -> Service:
    fields = {"name": "mine", **fields}
    return create_service(workspace.team, workspace=workspace, fields=fields, actor="alice")


def test_creating_looks_at_the_folder_at_once(workspace: Workspace) -> None:
    service = create(workspace)

    assert (service.service_type, service.process, service.status) == ("python", "web", "pending")
    assert not service.operations.exists()


def test_auto_deploy_deploys_at_once(workspace: Workspace) -> None:
    service = create(workspace, auto_deploy=True)
    carry_out_all()

    service.refresh_from_db()
    assert service.status == "running"


def test_a_name_is_given_once_per_team(workspace: Workspace) -> None:
    create(workspace)

    with pytest.raises(InvalidError) as refusal:
        create(workspace)

    assert refusal.value.details == {"name": ["has already been taken"]}


def test_a_folder_with_nothing_in_it_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (Path(workspace.root) / "docs").mkdir()

    with pytest.raises(InvalidError):
        create(workspace, folder_path="/docs")
    assert not Service.objects.exists()


def test_of_several_services_one_folder_must_be_named(workspace: Workspace, tmp_path: Path) -> None:
    root = tmp_path / "two"
    make_folder(root, "api")
    make_folder(root, "site")
    both = make_workspace(workspace.team, root=str(root))

    with pytest.raises(InvalidError) as refusal:
        create(both)
    assert "api, site" in refusal.value.message

    assert create(both, folder_path="/api").service_type == "python"


def test_a_change_of_settings_is_pending_until_the_next_deploy(running: Service) -> None:
    update_service(running, fields={"resource_limits": {"memory_mb": 64}}, actor="alice")

    running.refresh_from_db()
    assert running.has_pending_changes


def test_a_change_of_what_does_not_run_is_not_pending(running: Service) -> None:
    update_service(running, fields={"name": "other"}, actor="alice")

    running.refresh_from_db()
    assert (running.name, running.has_pending_changes) == ("other", False)


def test_no_change_writes_nothing(running: Service) -> None:
    before = running.updated_at

    update_service(running, fields={}, actor="alice")

    running.refresh_from_db()
    assert running.updated_at == before


def test_a_name_that_is_taken_is_refused(running: Service, own_image: Service) -> None:
    with pytest.raises(InvalidError) as refusal:
        update_service(own_image, fields={"name": running.name}, actor="alice")

    assert refusal.value.error_code == "service.name_taken"


def test_auto_deploy_deploys_a_change(running: Service) -> None:
    fields = {"deployment_config": {"auto_deploy": True}, "environment": {"A": "1"}}

    update_service(running, fields=fields, actor="alice")
    carry_out_all()

    running.refresh_from_db()
    assert only(running).release.number == 2
    assert not running.has_pending_changes


def test_variables_are_merged_and_none_removes_one(service: Service) -> None:
    changes: list[dict[str, str | None]] = [{"A": "1", "B": "2"}, {"A": None, "C": "3"}]
    for variables in changes:
        set_environment(service, variables=variables, secret_names=None, actor="alice")

    service.refresh_from_db()
    assert service.environment == {"B": "2", "C": "3"}


def test_only_existing_variables_are_secret(service: Service) -> None:
    set_environment(service, variables={"KEY": "x"}, secret_names=["KEY", "GONE"], actor="alice")

    service.refresh_from_db()
    assert (service.secret_names, service.secrets) == (["KEY"], {"KEY": "x"})


def test_a_web_service_is_reached_by_port_and_by_name(running: Service) -> None:
    assert [(one.url, one.kind) for one in urls(running)] == [
        ("http://127.0.0.1:8080", "port"),
        ("http://web.alpha.localhost:7080", "host"),
    ]


def test_a_service_that_never_ran_has_no_address(service: Service) -> None:
    assert urls(service) == []
