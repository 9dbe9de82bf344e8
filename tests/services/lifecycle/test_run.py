"""Workers that die: whatever they were doing is taken up again and ends, and nothing leaks."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from pytest_django import Settings

from services import events
from services.errors import FenceLostError, RouterError
from services.events import Hint
from services.lifecycle.claims import claim
from services.lifecycle.deploy import deploy
from services.lifecycle.job import Job
from services.lifecycle.operations import take
from services.lifecycle.places import build_place
from services.lifecycle.recover import expire_own_leases, hand_back
from services.lifecycle.remove import remove
from services.lifecycle.restart import restart
from services.lifecycle.run import MOST_UNENDED, carry_out, limit_s, run_next
from services.lifecycle.scale import scale
from services.lifecycle.stop import stop
from services.models import Build, Operation, Queue, Release, Rollout, Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.factories import make_service
from tests.holding import holding
from tests.services.lifecycle.working import (
    WorkerDiedError,
    alive,
    at_step,
    carry_out_all,
    carry_out_until_death,
    change,
    containers,
    done,
    expire_leases,
    only,
)
from tests.waiting import wait_until

Verb = Callable[[Service], Operation | None]
VERBS: dict[str, Verb] = {
    "deploy": lambda service: deploy(service, actor="alice"),
    "restart": lambda service: restart(service, actor="alice"),
    "scale": lambda service: scale(service, replicas=2, actor="alice"),
    "stop": lambda service: stop(service, actor="alice"),
    "remove": lambda service: remove(service, actor="alice"),
}


class DiesAt:
    """Ends the worker at its n-th sign of progress: before and after each step."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def __call__(self, said: Hint) -> None:
        if said.frame and said.frame["event"] == "operation_progress":
            self.left -= 1
            if self.left == 0:
                raise WorkerDiedError


def assert_clean(service: Service, engine: FakeRuntime, router: MemoryRouter) -> None:
    """Rows, containers and routes agree, and no rollout is left open."""
    living = alive(service)
    assert containers(engine) == {one.name for one in living}
    assert not Rollout.objects.exclude(phase="done").exists()
    routed = {b.instance_id for route in router.table.routes for b in route.backends}
    assert routed == {str(one.id) for one in living}
    assert all(one.is_gated and one.is_routed for one in living)


@pytest.mark.parametrize("moment", range(1, 13))
def test_a_deploy_ends_well_wherever_its_worker_dies(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter, moment: int
) -> None:
    change(running)
    operation = deploy(running, actor="alice")

    unsubscribe = events.subscribe(DiesAt(moment))
    died = carry_out_until_death()
    unsubscribe()
    assert died
    expire_leases()
    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert only(running).release.number == 2
    assert_clean(running, engine, memory_router)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("moment", [1, 2])
def test_every_operation_is_taken_up_again(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter, moment: int, verb: str
) -> None:
    operation = VERBS[verb](running)
    assert operation is not None

    unsubscribe = events.subscribe(DiesAt(moment))
    died = carry_out_until_death()
    unsubscribe()
    assert died
    expire_leases()
    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert_clean(running, engine, memory_router)


def die_in(step: str, *, times: int) -> None:
    """Workers one after the other, each of which dies as soon as it has begun that step."""

    def die() -> None:
        raise WorkerDiedError

    for _ in range(times):
        with at_step(step, die):
            assert carry_out_until_death()
        expire_leases()


def test_what_kills_its_worker_again_and_again_is_given_up(running: Service) -> None:
    change(running)
    operation = deploy(running, actor="alice")
    die_in("build", times=MOST_UNENDED)
    begun = Build.objects.create(service=running, operation=operation)

    carry_out_all()

    operation.refresh_from_db()
    begun.refresh_from_db()
    assert (operation.state, operation.error["code"]) == ("failed", "operation.unended")
    assert operation.error["fix"]
    assert (begun.state, operation.steps.get(name="build").state) == ("failed", "failed")


@pytest.mark.parametrize("steps", [["analyse", "build"], ["start", "health"]])
def test_what_goes_on_between_deaths_is_not(running: Service, steps: list[str]) -> None:
    change(running)
    operation = deploy(running, actor="alice")

    for step in steps:
        die_in(step, times=MOST_UNENDED - 1)
    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"


def test_a_worker_that_hands_back_what_it_does_has_not_died(running: Service) -> None:
    change(running)
    operation = deploy(running, actor="alice")
    die_in("build", times=MOST_UNENDED)
    assert take(Queue.BUILDS)

    assert hand_back() == 1
    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"


@pytest.mark.parametrize("call", ["apply", "promote", "stop", "remove", "observe", "connections"])
def test_a_deploy_ends_well_when_its_worker_dies_in_a_call_to_the_engine(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter, call: str
) -> None:
    change(running)
    operation = deploy(running, actor="alice")
    # Typed for ordinary errors; a killed worker is none.
    engine.fail_next(call, cast("Exception", WorkerDiedError()))

    assert carry_out_until_death()
    expire_leases()
    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert_clean(running, engine, memory_router)


def test_a_dead_workers_operation_rests_until_its_lease_ends(running: Service) -> None:
    operation = restart(running, actor="alice")
    unsubscribe = events.subscribe(DiesAt(1))
    carry_out_until_death()
    unsubscribe()

    carry_out_all()
    operation.refresh_from_db()
    assert operation.state == "running"

    assert expire_own_leases() == 1
    carry_out_all()
    operation.refresh_from_db()
    assert operation.state == "succeeded"


def test_stop_is_accepted_while_a_dead_worker_still_holds_the_service(
    running: Service, engine: FakeRuntime
) -> None:
    change(running)
    first = deploy(running, actor="alice")
    unsubscribe = events.subscribe(DiesAt(6))
    carry_out_until_death()
    unsubscribe()

    last = stop(running, actor="alice")
    expire_leases()
    carry_out_all()

    first.refresh_from_db()
    assert last is not None
    last.refresh_from_db()
    assert (first.state, last.state) == ("cancelled", "succeeded")
    assert containers(engine) == set()


def test_a_worker_that_was_taken_over_writes_no_end(running: Service) -> None:
    restart(running, actor="alice")
    late = take(Queue.LIFECYCLE)
    assert late is not None
    expire_leases()
    successor = claim(running.id)

    carry_out(late)

    late.operation.refresh_from_db()
    assert late.operation.state == "running"
    assert successor is not None
    successor.check()
    with pytest.raises(FenceLostError):
        late.claim.check()


def test_a_defect_of_ours_ends_the_operation_and_says_so(
    running: Service, engine: FakeRuntime
) -> None:
    operation = restart(running, actor="alice")
    engine.fail_next("observe", ZeroDivisionError("a defect"))

    carry_out_all()

    operation.refresh_from_db()
    assert (operation.state, operation.error["code"]) == ("failed", "internal_error")
    assert "report" in operation.error["fix"]
    assert not running.rollouts.filter(phase="starting").exists()


def test_run_next_says_how_many_it_carried_out(service: Service) -> None:
    other = make_service(service.team, workspace=service.workspace, name="other")
    deploy(service, actor="alice")
    deploy(other, actor="alice")

    assert run_next(Queue.BUILDS) == 2
    assert run_next(Queue.LIFECYCLE) == 2
    assert run_next(Queue.LIFECYCLE) == 0


def test_only_so_many_build_at_once_on_one_machine(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    settings.KYOZO = {**settings.KYOZO, "BUILD_CONCURRENCY": 2, "HOME": str(tmp_path)}
    deploy(service, actor="alice")

    with build_place() as first, build_place() as second, build_place() as third:
        assert (first, second, third) == (True, True, False)
        assert run_next(Queue.BUILDS) == 0

    assert run_next(Queue.BUILDS) == 1


def test_a_worker_that_stands_still_keeps_no_place_to_build(
    settings: Settings, tmp_path: Path
) -> None:
    settings.KYOZO = {**settings.KYOZO, "BUILD_CONCURRENCY": 1, "HOME": str(tmp_path)}
    with build_place() as first:
        assert first

    with holding(tmp_path / "places" / "build-0") as worker:
        with build_place() as second:
            assert not second
        worker.send_signal(signal.SIGSTOP)
        wait_until(is_place_free, within_s=20, what="the place is free")


def is_place_free() -> bool:
    with build_place() as place:
        return place


def test_every_step_has_a_deadline(running: Service) -> None:
    deploy(running, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None
    job = Job(operation=taken.operation, claim=taken.claim)

    steps = taken.operation.steps.values_list("name", flat=True)

    assert all(limit_s(job, step) > 0 for step in steps)


@pytest.mark.parametrize("verb", ["restart", "stop", "remove"])
def test_a_check_that_would_not_be_taken_today_stops_no_operation(
    running: Service, verb: str
) -> None:
    release = running.wanted_release
    assert release is not None
    health = {"retries": 999, "timeout_seconds": 600, "endpoint": "//x", "interval_seconds": 0.1}
    config = release.config | {"health": health}
    Release.objects.filter(pk=release.pk).update(config=config)

    assert done(lambda: VERBS[verb](running)).state == "succeeded"


def test_a_router_that_refuses_once_fails_no_operation(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    memory_router.fail_next(RouterError("the table was not taken"))

    operation = done(lambda: stop(running, actor="alice"))

    assert operation.state == "succeeded"
    assert_clean(running, engine, memory_router)
