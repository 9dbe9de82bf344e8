"""A deploy takes the place of what waits, and nothing that was accepted before is lost by it."""

from collections.abc import Callable

import pytest

from services.errors import ServiceBusyError
from services.lifecycle.deploy import DeployOptions, deploy
from services.lifecycle.operations import cancel, take
from services.lifecycle.restart import restart
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.models import Kind, Operation, Queue, Service
from tests.factories import make_operation
from tests.services.at_once import at_once
from tests.services.lifecycle.working import (
    alive,
    at_step,
    carry_out_all,
    change,
    done,
    expire_leases,
    only,
)

BEFORE_A_DEPLOY = [Kind.START, Kind.RESTART, Kind.SCALE, Kind.ROLLBACK, Kind.STOP]


def state_of(operation: Operation | None) -> str:
    assert operation is not None
    operation.refresh_from_db()
    return operation.state


@pytest.mark.parametrize("kind", BEFORE_A_DEPLOY)
def test_a_deploy_takes_the_place_of_whatever_waits(running: Service, kind: Kind) -> None:
    waiting = make_operation(running, kind=kind, queue=Queue.LIFECYCLE)

    operation = deploy(running, actor="bob")

    assert (state_of(waiting), state_of(operation)) == ("superseded", "queued")
    carry_out_all()
    assert state_of(operation) == "succeeded"


def test_the_number_that_a_scale_asked_for_outlives_it(running: Service) -> None:
    waiting = scale(running, replicas=3, actor="alice")
    change(running)

    done(lambda: deploy(running, actor="bob"))

    assert state_of(waiting) == "superseded"
    assert [one.release.number for one in alive(running)] == [2, 2, 2]


def test_fewer_replicas_that_a_scale_asked_for_outlive_it(running: Service) -> None:
    done(lambda: scale(running, replicas=3, actor="alice"))
    scale(running, replicas=1, actor="alice")
    change(running)

    done(lambda: deploy(running, actor="bob"))

    assert only(running).release.number == 2


def test_a_restart_s_new_instances_are_made_by_the_deploy(running: Service) -> None:
    before = only(running)
    restart(running, actor="alice")

    done(lambda: deploy(running, actor="bob"))

    assert only(running) != before


def test_new_instances_that_were_asked_for_stay_asked(running: Service) -> None:
    deploy(running, actor="alice", options=DeployOptions(force=True, no_cache=True))

    operation = deploy(running, actor="bob")

    assert operation.params == {
        "force": True,
        "no_cache": False,
        "pull": False,
        "accept_version": False,
    }


def test_a_start_s_wish_outlives_a_deploy_that_fails(running: Service) -> None:
    done(lambda: stop(running, actor="alice"))
    running.refresh_from_db()
    start(running, actor="alice")

    operation = deploy(running, actor="bob")
    cancel(operation, actor="bob")

    running.refresh_from_db()
    assert running.wanted_state == "running"


def test_a_deploy_after_a_stop_that_waits_leaves_the_service_running(running: Service) -> None:
    stop(running, actor="alice")
    change(running)

    done(lambda: deploy(running, actor="bob"))

    running.refresh_from_db()
    assert (running.wanted_state, running.status) == ("running", "running")
    assert only(running).release.number == 2


def test_a_deploy_after_a_stop_that_runs_goes_next(running: Service) -> None:
    first = stop(running, actor="alice")
    asked: list[Operation] = []

    with at_step("drain", lambda: asked.append(deploy(running, actor="bob"))):
        carry_out_all()

    assert (state_of(first), state_of(asked[0])) == ("succeeded", "succeeded")
    running.refresh_from_db()
    assert running.status == "running"


def test_what_runs_is_not_replaced(running: Service) -> None:
    first = restart(running, actor="alice")
    take(Queue.LIFECYCLE)

    second = deploy(running, actor="bob")

    assert (state_of(first), state_of(second)) == ("running", "queued")
    assert second.params["force"] is False
    expire_leases()
    carry_out_all()
    assert (state_of(first), state_of(second)) == ("succeeded", "succeeded")


def test_nothing_but_a_deploy_takes_the_place_of_what_waits(running: Service) -> None:
    waiting = restart(running, actor="alice")

    with pytest.raises(ServiceBusyError):
        scale(running, replicas=2, actor="bob")

    assert state_of(waiting) == "queued"


def test_starting_during_the_first_deploy_asks_for_nothing(service: Service) -> None:
    first = start(service, actor="alice")

    assert start(service, actor="bob") is None
    with at_step("build", lambda: _is_none(start(service, actor="bob"))):
        carry_out_all()

    assert state_of(first) == "succeeded"
    assert service.operations.count() == 1


def _is_none(answer: object) -> None:
    assert answer is None


def test_starting_after_the_first_deploy_was_cancelled_deploys_anew(service: Service) -> None:
    deploy(service, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken
    cancel(taken.operation, actor="alice")

    operation = start(service, actor="bob")

    assert operation
    assert (operation.kind, operation.state) == ("deploy", "queued")


@pytest.mark.parametrize(
    "ask",
    [
        lambda service: deploy(service, actor="alice"),
        lambda service: scale(service, replicas=2, actor="alice"),
        lambda service: restart(service, actor="alice"),
        lambda service: make_operation(service, kind=Kind.ROLLBACK, queue=Queue.LIFECYCLE),
    ],
)
@pytest.mark.parametrize("is_begun", [False, True])
def test_starting_what_will_run_asks_for_nothing(
    running: Service, ask: Callable[[Service], Operation], *, is_begun: bool
) -> None:
    operation = ask(running)
    if is_begun:
        assert take(Queue(operation.queue))

    assert start(running, actor="bob") is None
    assert state_of(operation) == ("running" if is_begun else "queued")


@pytest.mark.parametrize("is_begun", [False, True])
def test_starting_what_is_being_stopped_is_refused(running: Service, *, is_begun: bool) -> None:
    stop(running, actor="alice")
    if is_begun:
        assert take(Queue.LIFECYCLE)

    with pytest.raises(ServiceBusyError):
        start(running, actor="bob")


@pytest.mark.parametrize("is_begun", [False, True])
def test_starting_what_never_ran_and_is_to_stop_is_refused(
    service: Service, *, is_begun: bool
) -> None:
    deploy(service, actor="alice")
    stop(service, actor="alice")
    if is_begun:
        assert take(Queue.LIFECYCLE)

    with pytest.raises(ServiceBusyError):
        start(service, actor="bob")
    assert service.operations.open().get().kind == "stop"


def test_starting_what_is_scaled_before_it_ever_ran_deploys_it(service: Service) -> None:
    scale(service, replicas=2, actor="alice")

    operation = done(lambda: start(service, actor="bob"))

    assert (operation.kind, operation.state) == ("deploy", "succeeded")
    assert len(alive(service)) == 2


@pytest.mark.django_db(transaction=True)
def test_starts_at_once_begin_one_deploy(service: Service) -> None:
    at_once(*[lambda: start(service, actor="alice")] * 4)

    assert list(service.operations.values_list("kind", "state")) == [("deploy", "queued")]


@pytest.mark.django_db(transaction=True)
def test_a_deploy_while_a_worker_takes_what_waits_loses_neither(running: Service) -> None:
    waiting = restart(running, actor="alice")

    _, operation = at_once(
        lambda: bool(take(Queue.LIFECYCLE)), lambda: deploy(running, actor="bob")
    )

    assert isinstance(operation, Operation)
    assert state_of(operation) == "queued"
    assert (state_of(waiting), operation.params["force"]) in {
        ("running", False),
        ("running", True),
        ("superseded", True),
    }


@pytest.mark.django_db(transaction=True)
def test_stops_and_deploys_at_once_leave_one_waiting(running: Service) -> None:
    works = [lambda: stop(running, actor="alice"), lambda: deploy(running, actor="bob")]
    at_once(*works * 2)

    states = sorted(running.operations.values_list("state", flat=True))
    assert states.count("queued") == 1
    assert set(states) <= {"queued", "superseded", "cancelled"}
