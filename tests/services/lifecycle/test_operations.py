"""The queue's rules: what waits, what is replaced, what is refused, and what goes first."""

import pytest

from services.errors import ConflictError, ServiceBusyError
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import STEPS, cancel, take
from services.lifecycle.remove import remove
from services.lifecycle.restart import restart
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.models import Kind, Operation, Outcome, Phase, Queue, Rollout, Service
from tests.conftest import Person
from tests.factories import make_service
from tests.services.at_once import at_once, outcomes
from tests.services.lifecycle.working import carry_out_all, expire_leases


def running_deploy(service: Service) -> Operation:
    """A deploy that a worker has taken."""
    deploy(service, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None
    return taken.operation


def state_of(operation: Operation) -> str:
    operation.refresh_from_db()
    return operation.state


def test_asking_writes_the_operation_with_all_its_steps(service: Service) -> None:
    operation = deploy(service, actor="alice")

    assert (operation.state, operation.queue, operation.requested_by) == (
        "queued",
        "builds",
        "alice",
    )
    assert tuple(operation.steps.values_list("name", flat=True)) == STEPS[Kind.DEPLOY]


def test_a_lost_wake_up_loses_nothing(service: Service) -> None:
    operation = deploy(service, actor="alice")

    carry_out_all()

    assert state_of(operation) == "succeeded"


def test_a_waiting_deploy_is_replaced_by_the_next_one(service: Service) -> None:
    first, second = deploy(service, actor="alice"), deploy(service, actor="bob")

    assert (state_of(first), state_of(second)) == ("superseded", "queued")


def test_a_running_deploy_is_cancelled_by_the_next_one(service: Service) -> None:
    first = running_deploy(service)
    second = deploy(service, actor="bob")

    first.refresh_from_db()
    assert (first.state, first.cancel_reason) == ("running", "superseded")
    assert state_of(second) == "queued"


def test_a_superseded_deploy_ends_as_superseded(service: Service) -> None:
    first = running_deploy(service)
    second = deploy(service, actor="bob")
    expire_leases()

    carry_out_all()

    assert (state_of(first), state_of(second)) == ("superseded", "succeeded")


def test_a_deploy_that_has_switched_is_left_to_end(deployed: Service) -> None:
    first = running_deploy(deployed)
    Rollout.objects.filter(service=deployed).update(phase=Phase.SETTLING)

    deploy(deployed, actor="bob")

    first.refresh_from_db()
    assert first.cancel_requested_at is None


def test_a_busy_service_refuses_a_restart_and_says_what_is_allowed(running: Service) -> None:
    first = deploy(running, actor="alice")

    with pytest.raises(ServiceBusyError) as refusal:
        restart(running, actor="bob")

    assert refusal.value.error_code == "service.busy"
    assert refusal.value.params["operation_id"] == str(first.id)
    assert refusal.value.params["allowed"] == ["stop", "delete", "deploy", "cancel"]


def test_a_refused_scale_changes_nothing(running: Service) -> None:
    deploy(running, actor="alice")

    with pytest.raises(ServiceBusyError):
        scale(running, replicas=3, actor="bob")

    running.refresh_from_db()
    assert running.wanted_replicas == 1


def test_a_deploy_waits_for_a_running_scale(running: Service) -> None:
    scale(running, replicas=2, actor="alice")
    take(Queue.LIFECYCLE)

    operation = deploy(running, actor="bob")

    assert state_of(operation) == "queued"
    assert take(Queue.BUILDS) is None


@pytest.mark.parametrize("verb", [stop, remove])
def test_stop_and_remove_cancel_what_runs_and_go_next(service: Service, verb: object) -> None:
    first, waiting = running_deploy(service), deploy(service, actor="alice")

    assert callable(verb)
    last = verb(service, actor="bob")

    assert state_of(waiting) == "cancelled"
    first.refresh_from_db()
    assert first.cancel_requested_at is not None
    assert state_of(last) == "queued"


def test_remove_waits_for_a_running_stop(running: Service) -> None:
    first = stop(running, actor="alice")
    take(Queue.LIFECYCLE)
    last = remove(running, actor="alice")
    expire_leases()

    carry_out_all()

    assert first is not None
    assert (state_of(first), state_of(last)) == ("succeeded", "succeeded")


def test_cancelling_a_waiting_operation_ends_it(service: Service) -> None:
    operation = cancel(deploy(service, actor="alice"), actor="bob")

    assert operation.state == "cancelled"
    assert operation.ended_at is not None


def test_cancelling_twice_is_harmless(service: Service) -> None:
    operation = cancel(deploy(service, actor="alice"), actor="bob")

    assert cancel(operation, actor="bob").state == "cancelled"


@pytest.mark.parametrize("phase", [Phase.SWITCHED, Phase.DRAINING, Phase.DONE])
def test_cancelling_after_the_switch_is_too_late(deployed: Service, phase: Phase) -> None:
    operation = running_deploy(deployed)
    rollouts = Rollout.objects.filter(service=deployed)
    rollouts.update(phase=phase, outcome=Outcome.SUCCEEDED if phase == Phase.DONE else "")
    operation.result = {"rollout_id": rollouts.get().pk}
    operation.save(update_fields=["result"])

    with pytest.raises(ConflictError) as refusal:
        cancel(operation, actor="bob")

    assert refusal.value.error_code == "operation.too_late"
    assert "rollback" in refusal.value.fix


def test_a_stop_cannot_be_cancelled(running: Service) -> None:
    operation = stop(running, actor="alice")
    assert operation is not None

    with pytest.raises(ConflictError) as refusal:
        cancel(operation, actor="bob")

    assert refusal.value.error_code == "operation.not_cancellable"


def test_the_oldest_is_taken_first_and_each_only_once(service: Service) -> None:
    other = make_service(service.team, workspace=service.workspace, name="other")
    first, second = deploy(service, actor="alice"), deploy(other, actor="alice")

    taken = [take(Queue.BUILDS), take(Queue.BUILDS), take(Queue.BUILDS)]

    assert [one.operation.id for one in taken if one] == [first.id, second.id]


def test_teams_take_turns_however_much_one_of_them_asks_for(
    service: Service, charlie: Person
) -> None:
    many = [make_service(service.team, workspace=service.workspace) for _ in range(4)]
    few = [make_service(charlie.team) for _ in range(2)]
    for row in (*many, *few):
        deploy(row, actor="alice")

    taken = [take(Queue.BUILDS) for _ in range(6)]

    order = [one.operation.service for one in taken if one]
    assert order == [many[0], few[0], many[1], few[1], many[2], many[3]]


def test_what_a_team_has_running_counts(service: Service, charlie: Person) -> None:
    deploy(service, actor="alice")
    take(Queue.BUILDS)
    mine = make_service(service.team, workspace=service.workspace)
    deploy(mine, actor="alice")
    theirs = make_service(charlie.team)
    deploy(theirs, actor="charlie")

    taken = take(Queue.BUILDS)

    assert taken
    assert taken.operation.service == theirs


def test_a_busy_service_does_not_hold_up_another(service: Service) -> None:
    other = make_service(service.team, workspace=service.workspace, name="other")
    running_deploy(service)
    deploy(service, actor="alice")
    theirs = deploy(other, actor="alice")

    taken = take(Queue.BUILDS)

    assert taken is not None
    assert taken.operation == theirs


def test_an_operation_of_a_dead_worker_is_taken_again(service: Service) -> None:
    first = running_deploy(service)
    assert take(Queue.BUILDS) is None

    expire_leases()

    again = take(Queue.BUILDS)
    assert again is not None
    assert (again.operation, again.operation.attempts) == (first, 2)


def test_the_other_queue_does_not_take_it(service: Service) -> None:
    deploy(service, actor="alice")

    assert take(Queue.LIFECYCLE) is None


def test_starting_what_runs_asks_for_nothing(running: Service) -> None:
    assert start(running, actor="alice") is None


@pytest.mark.django_db(transaction=True)
def test_of_two_restarts_at_once_one_is_refused(running: Service) -> None:
    results = outcomes([lambda: restart(running, actor="alice")] * 2, refusal=ServiceBusyError)

    assert sorted(type(one).__name__ for one in results) == ["Operation", "ServiceBusyError"]


@pytest.mark.django_db(transaction=True)
def test_deploys_at_once_leave_one_waiting(service: Service) -> None:
    at_once(*[lambda: deploy(service, actor="alice")] * 4)

    states = sorted(service.operations.values_list("state", flat=True))
    assert states == ["queued", "superseded", "superseded", "superseded"]


@pytest.mark.django_db(transaction=True)
def test_an_operation_taken_by_many_at_once_is_carried_out_once(service: Service) -> None:
    deploy(service, actor="alice")

    taken = at_once(*[lambda: take(Queue.BUILDS)] * 6)

    assert len([one for one in taken if one]) == 1
