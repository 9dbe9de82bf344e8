"""A refresh: which services it deploys, and what releases remember of it."""

from pathlib import Path

import pytest

from services.lifecycle.deploy import deploy
from services.lifecycle.git_workspaces import GitSource, from_git, refresh
from services.lifecycle.rollback import rollback
from services.models import Kind, Operation, Queue, Service, WantedState, Workspace
from tests.conftest import Person
from tests.factories import make_folder, make_operation, make_service
from tests.services.lifecycle.working import carry_out_all
from tests.sources.git_server import commit

pytestmark = pytest.mark.usefixtures("state_dir")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for name in ("web", "api"):
        make_folder(folder, name)
    commit(folder, {})
    return folder


@pytest.fixture
def shop(alice: Person, project: Path) -> Workspace:
    return from_git(alice.team, GitSource(str(project)), may_be_local=True)


@pytest.fixture
def web(shop: Workspace) -> Service:
    return make_service(
        shop.team,
        workspace=shop,
        name="web",
        folder_path="/web",
        detected_in="/web",
        deployment_config={"auto_deploy": True},
    )


def deployed_by_refresh(shop: Workspace) -> list[Operation]:
    return refresh(shop, actor="alice").operations


def test_a_folder_that_changed_is_deployed(shop: Workspace, web: Service, project: Path) -> None:
    commit(project, {"web/more.py": "x = 1\n"})

    [operation] = deployed_by_refresh(shop)

    assert (operation.service, operation.requested_by) == (web, "alice")


def test_another_folder_s_change_deploys_nothing(
    shop: Workspace, web: Service, project: Path
) -> None:
    commit(project, {"api/more.py": "x = 1\n"})

    assert deployed_by_refresh(shop) == []


@pytest.mark.parametrize(
    "fields", [{"deployment_config": {}}, {"wanted_state": WantedState.STOPPED}]
)
def test_what_nobody_wants_deployed_stays(
    shop: Workspace, web: Service, project: Path, fields: dict[str, object]
) -> None:
    Service.objects.update(**fields)
    commit(project, {"web/more.py": "x = 1\n"})

    assert deployed_by_refresh(shop) == []


def test_one_busy_service_does_not_hold_up_a_refresh(
    shop: Workspace, web: Service, project: Path
) -> None:
    stopping, last = (
        make_service(
            shop.team,
            workspace=shop,
            source_name=name,
            detected_in="/web",
            depends_on=needs,
            deployment_config={"auto_deploy": True},
        )
        for name, needs in (("stopping", []), ("last", ["stopping", ""]))
    )
    make_operation(web, kind=Kind.RESTART, queue=Queue.LIFECYCLE)
    make_operation(stopping, kind=Kind.STOP, queue=Queue.LIFECYCLE)
    commit(project, {"web/more.py": "x = 1\n"})

    first, second = deployed_by_refresh(shop)

    assert (first.service, first.params["force"], second.service) == (web, True, last)
    assert second.after == [str(first.id)]
    assert [one.kind for one in stopping.operations.open()] == [Kind.STOP]


def test_a_service_waits_for_those_it_needs(shop: Workspace, web: Service, project: Path) -> None:
    make_service(
        shop.team,
        workspace=shop,
        source_name="later",
        detected_in="/web",
        depends_on=[""],
        deployment_config={"auto_deploy": True},
    )
    commit(project, {"web/more.py": "x = 1\n"})

    first, second = deployed_by_refresh(shop)

    assert second.after == [str(first.id)]


def test_a_release_remembers_its_commit_and_a_rollback_too(
    shop: Workspace, web: Service, project: Path
) -> None:
    old = shop.git_commit
    deploy(web, actor="alice")
    carry_out_all()
    new = commit(project, {"web/more.py": "x = 1\n"})
    refresh(shop, actor="alice")
    carry_out_all()

    web.refresh_from_db()
    rollback(web, to=None, actor="alice")
    carry_out_all()

    releases = web.releases.order_by("number").values_list("git_commit", flat=True)
    assert list(releases) == [old, new, old]
