"""Deploying a folder: every service in it, in order, under names that are free."""

import threading
from pathlib import Path
from typing import Any

import pytest

from services import events
from services.errors import InvalidError
from services.lifecycle import folder
from services.lifecycle.analyse import analyse
from services.lifecycle.claims import claim, fenced
from services.lifecycle.deploy import deploy
from services.lifecycle.folder import deploy_folder
from services.lifecycle.workspaces import register_folder, slug
from services.models import Operation, Service, Workspace
from services.runtimes.fake import FakeRuntime
from tests.conftest import Person
from tests.factories import make_folder, make_workspace
from tests.services.at_once import at_once
from tests.services.lifecycle.working import carry_out_all, change, only

COMPOSE = """
services:
  web:
    build: ./web
    environment:
      DATABASE_URL: postgres://app:pw@db:5432/app
    depends_on: [db]
  db:
    image: postgres:16
    volumes: [data:/var/lib/postgresql/data]
volumes:
  data:
"""


def shop(place: Path, team_workspace: Person, name: str) -> Workspace:
    root = place / name
    root.mkdir()
    make_folder(root, "web")
    (root / "compose.yaml").write_text(COMPOSE)
    return make_workspace(team_workspace.team, name=name, root=str(root))


def test_one_app_becomes_one_service(workspace: Workspace) -> None:
    result = deploy_folder(workspace, actor="alice")

    [service], [operation] = result.services, result.operations
    assert (service.name, operation.service, operation.state) == ("app", service, "queued")
    assert service.service_type == "python"
    assert result.analysis.result["services"][0]["name"] == "app"


def test_the_same_folder_again_is_the_same_service(workspace: Workspace) -> None:
    first = deploy_folder(workspace, actor="alice").services

    assert deploy_folder(workspace, actor="alice").services == first


def test_dependencies_are_deployed_before_what_needs_them(alice: Person, tmp_path: Path) -> None:
    result = deploy_folder(shop(tmp_path, alice, "shop"), actor="alice")

    assert [service.name for service in result.services] == ["db", "web"]
    database, web = result.operations
    assert (database.after, web.after) == ([], [str(database.id)])
    carry_out_all()
    assert set(Service.objects.values_list("status", flat=True)) == {"running"}


def test_a_second_project_gets_names_of_its_own_and_finds_its_own_database(
    alice: Person, tmp_path: Path
) -> None:
    deploy_folder(shop(tmp_path, alice, "shop"), actor="alice")

    result = deploy_folder(shop(tmp_path, alice, "store"), actor="alice")
    carry_out_all()

    assert [service.name for service in result.services] == ["store-db", "store-web"]
    environment = only(result.services[1]).release.environment
    assert environment["DATABASE_URL"] == "postgres://app:pw@store-db:5432/app"


def test_a_name_that_another_project_has_is_warned_of_each_time(
    alice: Person, tmp_path: Path
) -> None:
    first = deploy_folder(shop(tmp_path, alice, "shop"), actor="alice")
    store = shop(tmp_path, alice, "store")

    for _ in range(2):
        warnings = deploy_folder(store, actor="alice").analysis.result["warnings"]
        assert [warning.partition(":")[0] for warning in warnings[-2:]] == [
            "db is called store-db on the team's network",
            "web is called store-web on the team's network",
        ]

    assert "network" not in str(first.analysis.result["warnings"])


def test_only_what_is_named_is_deployed(alice: Person, tmp_path: Path) -> None:
    result = deploy_folder(shop(tmp_path, alice, "shop"), actor="alice", only=["db"])

    assert [service.name for service in result.services] == ["db"]


def test_an_unknown_name_lists_those_there_are(alice: Person, tmp_path: Path) -> None:
    with pytest.raises(InvalidError) as refusal:
        deploy_folder(shop(tmp_path, alice, "shop"), actor="alice", only=["wbe"])

    assert refusal.value.details == {"only": ["unknown: wbe"]}
    assert "db, web" in refusal.value.message
    assert not Service.objects.exists()


def test_one_name_is_not_given_to_several(alice: Person, tmp_path: Path) -> None:
    with pytest.raises(InvalidError):
        deploy_folder(shop(tmp_path, alice, "shop"), actor="alice", name="mine")


def test_a_name_can_be_chosen(workspace: Workspace) -> None:
    [service] = deploy_folder(workspace, actor="alice", name="mine").services

    assert (service.name, service.source_name) == ("mine", "app")


def test_a_chosen_name_that_is_taken_is_refused(workspace: Workspace, service: Service) -> None:
    with pytest.raises(InvalidError) as refusal:
        deploy_folder(workspace, actor="alice", name=service.name)

    assert refusal.value.error_code == "service.name_taken"


def test_overrides_are_kept_for_the_next_time(workspace: Workspace) -> None:
    [service] = deploy_folder(workspace, actor="alice", overrides={"port": 5001}).services
    deploy_folder(workspace, actor="alice")
    carry_out_all()

    assert only(service).release.config["http_port"] == 5001


def test_a_folder_with_nothing_to_run_says_what_to_add(alice: Person, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("hello")
    workspace = make_workspace(alice.team, root=str(tmp_path / "empty"))

    with pytest.raises(InvalidError) as refusal:
        deploy_folder(workspace, actor="alice")

    assert refusal.value.error_code == "detection.nothing_deployable"
    assert "Dockerfile" in refusal.value.fix


def test_a_folder_outside_the_workspace_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    (Path(workspace.root) / "out").symlink_to(tmp_path)

    with pytest.raises(InvalidError):
        deploy_folder(workspace, actor="alice", folder_path="/out")


def test_a_service_whose_folder_changed_is_found_by_its_name(
    alice: Person, tmp_path: Path, engine: FakeRuntime
) -> None:
    workspace = shop(tmp_path, alice, "shop")
    _, web = deploy_folder(workspace, actor="alice").services
    carry_out_all()
    change(web)

    deploy_folder(workspace, actor="alice")
    carry_out_all()

    assert Service.objects.count() == 2


def test_an_analysis_is_kept_with_the_dockerfile_it_would_write(workspace: Workspace) -> None:
    analysis = analyse(workspace)

    [row] = analysis.result["services"]
    assert row["dockerfile_content"].startswith("#") or "FROM" in row["dockerfile_content"]
    assert workspace.analyses.count() == 1


def test_the_same_folder_is_the_same_workspace(alice: Person, tmp_path: Path) -> None:
    folder = make_folder(tmp_path, "My App")

    first = register_folder(alice.team, folder=folder, actor="alice")

    assert register_folder(alice.team, folder=folder / ".", actor="alice") == first
    assert first.name == "my-app"


def test_two_folders_of_one_name_are_two_workspaces(alice: Person, tmp_path: Path) -> None:
    folders = [make_folder(tmp_path / place, "app") for place in ("a", "b")]

    names = [register_folder(alice.team, folder=one, actor="alice").name for one in folders]

    assert names == ["app", "app-2"]


@pytest.mark.parametrize(
    ("text", "name"),
    [("My App!", "my-app"), ("--", "app"), ("ÄÖ", "app"), ("a" * 80, "a" * 63), ("x_y", "x-y")],
)
def test_any_text_becomes_a_name(text: str, name: str) -> None:
    assert slug(text) == name


@pytest.mark.django_db(transaction=True)
def test_a_deploy_of_several_and_a_worker_do_not_wait_for_each_other(
    alice: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both want a service's row and the team's next number; the worker has the row already."""
    place = shop(tmp_path, alice, "shop")
    deploy_folder(place, actor="alice")
    carry_out_all()
    web = Service.objects.get(name="web")
    mine = claim(web.pk)
    assert mine is not None
    Service.objects.filter(name="db").update(status="stopped")  # so that its deploy is an event
    is_held, is_half_way = threading.Event(), threading.Event()

    def queue(*args: Any, **options: Any) -> Operation:
        operation = deploy(*args, **options)
        is_half_way.set()
        return operation

    def work() -> bool:
        with fenced(mine):
            is_held.set()
            is_half_way.wait(timeout=1)  # which it cannot come to while the row is held
            events.publish(web, event_type="container_started")
        return True

    def ask() -> bool:
        is_held.wait(timeout=10)
        return len(deploy_folder(place, actor="alice").operations) == 2

    monkeypatch.setattr(folder, "deploy", queue)
    assert at_once(work, ask) == [True, True]
