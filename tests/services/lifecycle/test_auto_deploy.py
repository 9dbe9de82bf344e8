"""Changes with `auto_deploy`: never refused and never lost, and nothing starts by them."""

import pytest

from services.errors import NotFoundError
from services.lifecycle.deploy import DeployOptions, deploy
from services.lifecycle.operations import take
from services.lifecycle.remove import remove
from services.lifecycle.rollback import rollback
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.lifecycle.update import change_service, deploy_with, set_environment
from services.models import Kind, Operation, Queue, Service
from tests.factories import make_operation, make_service
from tests.services.at_once import at_once
from tests.services.lifecycle.working import bring_up, carry_out_all, change, done, only


@pytest.fixture
def eager(running: Service) -> Service:
    """It runs, and deploys by itself."""
    running.deployment_config = {"auto_deploy": True}
    running.save(update_fields=["deployment_config"])
    return running


def set_variable(service: Service, value: str = "1") -> Service:
    change_service(service, fields={"environment": {"A": value}}, is_merge=True, actor="bob")
    service.refresh_from_db()
    return service


def open_kinds(service: Service) -> list[tuple[str, str]]:
    return list(service.operations.open().values_list("kind", "state"))


@pytest.mark.parametrize("kind", [Kind.DEPLOY, Kind.START, Kind.RESTART, Kind.SCALE])
def test_a_change_is_deployed_in_the_place_of_what_waits(eager: Service, kind: Kind) -> None:
    make_operation(eager, kind=kind, queue=Queue.LIFECYCLE)

    set_variable(eager)

    assert (eager.environment, open_kinds(eager)) == ({"A": "1"}, [("deploy", "queued")])
    carry_out_all()
    eager.refresh_from_db()
    assert only(eager).release.environment["A"] == "1"
    assert not eager.has_pending_changes


@pytest.mark.parametrize("is_begun", [False, True])
def test_a_change_does_not_undo_a_stop(eager: Service, *, is_begun: bool) -> None:
    stop(eager, actor="alice")
    if is_begun:
        assert take(Queue.LIFECYCLE)

    set_variable(eager)

    assert eager.has_pending_changes
    assert open_kinds(eager) == [("stop", "running" if is_begun else "queued")]


def test_a_change_of_what_is_stopped_waits(eager: Service) -> None:
    done(lambda: stop(eager, actor="alice"))

    set_variable(eager)
    carry_out_all()

    eager.refresh_from_db()
    assert (eager.status, eager.has_pending_changes) == ("stopped", True)


def test_a_change_after_a_start_that_waits_is_deployed(eager: Service) -> None:
    done(lambda: stop(eager, actor="alice"))
    eager.refresh_from_db()
    start(eager, actor="alice")

    set_variable(eager)

    assert open_kinds(eager) == [("deploy", "queued")]


def test_a_change_while_a_deploy_follows_a_stop_goes_with_the_deploy(eager: Service) -> None:
    stop(eager, actor="alice")
    assert take(Queue.LIFECYCLE)
    deploy(eager, actor="alice")

    set_variable(eager)

    assert open_kinds(eager) == [("stop", "running"), ("deploy", "queued")]


def test_what_a_deploy_was_asked_for_stays_asked(eager: Service) -> None:
    other = make_service(eager.team, workspace=eager.workspace, name="other")
    needed = deploy(other, actor="alice")
    options = DeployOptions(no_cache=True, accept_version=True)
    deploy(eager, actor="alice", options=options, after=[needed])

    set_variable(eager)

    operation = eager.operations.get(state="queued")
    assert (operation.requested_by, operation.after) == ("bob", [str(needed.id)])
    assert operation.params == {
        "force": False,
        "no_cache": True,
        "pull": False,
        "accept_version": True,
    }


def test_a_change_does_not_undo_a_rollback_that_waits(eager: Service) -> None:
    """It would roll out again what somebody goes back from."""
    change(eager)
    done(lambda: deploy(eager, actor="alice"))
    eager.refresh_from_db()
    waiting = rollback(eager, to=1, actor="alice")

    set_variable(eager)

    carry_out_all()
    waiting.refresh_from_db()
    eager.refresh_from_db()
    assert (waiting.state, only(eager).release.rolled_back_from) == ("succeeded", 1)
    assert eager.has_pending_changes
    assert "A" not in only(eager).release.environment


def test_an_override_is_deployed_once(eager: Service) -> None:
    eager.has_pending_changes = True
    eager.save(update_fields=["has_pending_changes"])

    deploy_with(eager, {"port": 9000}, actor="bob")

    assert list(eager.operations.values_list("kind", "state")) == [("deploy", "queued")]


def test_what_was_removed_meanwhile_is_not_found(eager: Service) -> None:
    remove(eager, actor="alice")

    with pytest.raises(NotFoundError):
        set_variable(eager)
    with pytest.raises(NotFoundError):
        deploy_with(eager, {"port": 9000}, actor="bob")

    eager.refresh_from_db()
    assert (eager.environment, eager.overrides) == ({}, {})


@pytest.mark.django_db(transaction=True)
def test_changes_and_a_stop_at_once_are_all_accepted(service: Service) -> None:
    bring_up(service)
    service.deployment_config = {"auto_deploy": True}
    service.save(update_fields=["deployment_config"])
    names = ("A", "B", "C")

    at_once(
        lambda: stop(service, actor="alice"),
        *(lambda name=name: _set(service, name) for name in names),
    )

    service.refresh_from_db()
    assert sorted(service.environment) == [*names]
    assert open_kinds(service) == [("stop", "queued")]


def _set(service: Service, name: str) -> Operation | None:
    set_environment(service, variables={name: "1"}, secret_names=None, actor="bob")
    return None
