"""DELETE /teams/T/workspaces/W"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import pytest

from services.accounts.tokens import create_token
from services.errors import EngineError, NotFoundError
from services.lifecycle import analyse as analyse_module
from services.lifecycle import plan
from services.lifecycle.clean import clean
from services.lifecycle.remove_workspace import remove_workspace
from services.lifecycle.trees import holding, trees
from services.models import AuditEntry, Service, StorageBackend, WantedState, Workspace
from services.runtimes.base import LABEL_INSTALL, LABEL_SERVICE, LABEL_TEAM, EngineImage
from services.runtimes.fake import FakeRuntime
from services.teams.models import Scope
from tests.conftest import Api, Person
from tests.factories import make_analysis, make_instance, make_operation, make_service
from tests.services.lifecycle.conftest import engine

__all__ = ["engine"]
pytestmark = pytest.mark.usefixtures("state_dir")


@pytest.fixture
def copy(workspace: Workspace) -> Workspace:
    """The workspace as if an archive had made it."""
    root = trees() / str(workspace.id) / uuid4().hex / "app"
    root.mkdir(parents=True)
    (root / "app.py").write_text("")
    workspace.root, workspace.storage_backend = str(root), StorageBackend.ARCHIVE
    workspace.save()
    return workspace


class DiedError(BaseException):
    """As if the process were killed there."""


def die(*args: object, **named: object) -> NoReturn:
    raise DiedError


def remove(api: Api, workspace: Workspace) -> Any:
    return api.delete(api.at(f"/workspaces/{workspace.id}"))


def test_an_empty_one_is_gone(api: Api, workspace: Workspace) -> None:
    make_analysis(workspace)

    assert remove(api, workspace).status_code == 204
    assert remove(api, workspace).status_code == 404
    assert api.get(api.at("/workspaces")).json()["data"] == []


def test_the_log_says_who_removed_what(api: Api, workspace: Workspace) -> None:
    remove(api, workspace)

    entry = AuditEntry.objects.get(action="workspace.remove")
    assert (entry.user_name, entry.object_id) == ("alice", str(workspace.id))
    assert entry.before == {"storage_backend": "folder", "folder": workspace.root}


def test_what_is_refused_leaves_no_entry(api: Api, service: Service) -> None:
    remove(api, service.workspace)

    assert not AuditEntry.objects.filter(action="workspace.remove").exists()


def test_the_folder_of_the_machine_stays(api: Api, workspace: Workspace) -> None:
    remove(api, workspace)

    assert (Path(workspace.root) / "app.py").exists()


def test_a_copy_goes_with_it(api: Api, copy: Workspace) -> None:
    assert remove(api, copy).status_code == 204
    assert list(trees().glob("*")) == []


def test_its_services_stand_in_the_way_and_are_named(
    api: Api, copy: Workspace, service: Service
) -> None:
    answer = remove(api, copy)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "workspace.in_use")
    assert error["params"] == {"services": [{"id": str(service.id), "name": "web"}]}
    assert Path(copy.root).exists()


def test_of_many_services_the_first_are_named(
    api: Api, alice: Person, workspace: Workspace
) -> None:
    for number in range(22):
        make_service(alice.team, workspace=workspace, name=f"s{number:02}")

    error = remove(api, workspace).json()["error"]

    assert len(error["params"]["services"]) == 20
    assert error["message"].endswith("s19 and more")


@pytest.mark.parametrize("left", [make_operation, make_instance])
def test_a_removal_that_still_runs_is_waited_for(
    api: Api, workspace: Workspace, service: Service, left: Callable[[Service], object]
) -> None:
    left(service)
    Service.objects.update(wanted_state=WantedState.REMOVED)

    answer = remove(api, workspace)

    assert answer.json()["error"]["code"] == "workspace.in_use"
    assert Service.objects.exists()


def test_images_of_removed_services_go_before_their_rows(
    api: Api, workspace: Workspace, service: Service, engine: FakeRuntime, settings: Any
) -> None:
    install = settings.KYOZO["INSTALL"]
    labels = {
        LABEL_INSTALL: install,
        LABEL_TEAM: str(service.team_id),
        LABEL_SERVICE: str(service.id),
    }
    engine.engine.images["sha256:old"] = EngineImage("sha256:old", (), labels=labels)
    Service.objects.update(wanted_state=WantedState.REMOVED)

    assert remove(api, workspace).status_code == 204
    assert (engine.images(install=install), Service.objects.exists()) == ([], False)


def test_an_image_that_somebody_needs_keeps_the_workspace(
    api: Api, service: Service, engine: FakeRuntime, settings: Any
) -> None:
    """Without its rows nobody would know whose the image is."""
    labels = {LABEL_INSTALL: settings.KYOZO["INSTALL"], LABEL_SERVICE: str(service.id)}
    engine.engine.images["sha256:old"] = EngineImage("sha256:old", (), labels=labels)
    Service.objects.update(wanted_state=WantedState.REMOVED)
    engine.fail_next("remove_image", EngineError("in use", code="engine.image_in_use"))

    error = remove(api, service.workspace).json()["error"]

    assert (error["code"], error["params"]["images"]) == ("workspace.in_use", ["sha256:old"])
    assert remove(api, service.workspace).status_code == 204


def test_a_removal_cut_half_way_is_ended_by_a_clean_up(
    api: Api, copy: Workspace, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are gone, so nobody could ask for it again; and who asked is known."""
    with monkeypatch.context() as patch:
        patch.setattr("services.lifecycle.trees.shutil.rmtree", die)
        with pytest.raises(DiedError):
            remove(api, copy)
    assert not Workspace.objects.exists()
    assert Path(copy.root).exists()

    report = clean()

    assert [thing.why for thing in report.removed] == ["its workspace was removed"]
    assert list(trees().glob("*")) == []


def test_a_removal_that_fails_leaves_the_copy_to_its_workspace(
    api: Api, copy: Workspace, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.lifecycle.remove_workspace.audit.note", die)
    with pytest.raises(DiedError):
        remove(api, copy)

    clean(orphans=True)

    assert Workspace.objects.exists()
    assert Path(copy.root).exists()


def test_of_two_removals_at_once_one_finds_nothing(workspace: Workspace) -> None:
    also = Workspace.objects.get()
    remove_workspace(workspace)

    with pytest.raises(NotFoundError):
        remove_workspace(also)

    assert AuditEntry.objects.filter(action="workspace.remove").count() == 1


@pytest.mark.parametrize("verb", ["services", "analyze", "deploy"])
def test_what_is_made_in_it_meanwhile_finds_it_gone(
    api: Api, workspace: Workspace, verb: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders are looked at for seconds before anything is written."""
    analyse = plan.analyse_folder

    def look(*args: Any, **named: Any) -> Any:
        found = analyse(*args, **named)
        remove_workspace(Workspace.objects.get())
        return found

    monkeypatch.setattr(plan, "analyse_folder", look)
    monkeypatch.setattr(analyse_module, "analyse_folder", look)
    body = {"service": {"name": "web", "folder_path": "/"}} if verb == "services" else {}

    assert api.post(api.at(f"/workspaces/{workspace.id}/{verb}"), body).status_code == 404
    assert not Service.objects.exists()


def test_a_token_made_for_it_meanwhile_finds_it_gone(alice: Person, workspace: Workspace) -> None:
    remove_workspace(Workspace.objects.get())

    with pytest.raises(NotFoundError):
        create_token(alice.team, user=alice.user, name="late", workspace=workspace)


def test_one_that_is_being_filled_is_left_alone(api: Api, copy: Workspace) -> None:
    with holding(copy.id):
        answer = remove(api, copy)

    assert answer.json()["error"]["code"] == "workspace.busy"
    assert Workspace.objects.exists()


def test_only_an_administrator_removes_one(
    as_person: Callable[..., Api], alice: Person, workspace: Workspace
) -> None:
    assert remove(as_person(alice, scope=Scope.DEPLOY), workspace).status_code == 403


def test_a_stranger_removes_nothing(stranger: Api, workspace: Workspace) -> None:
    assert remove(stranger, workspace).status_code == 404
    assert Workspace.objects.exists()
