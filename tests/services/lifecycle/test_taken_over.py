"""What a worker may still write once another one has its service, and what nobody may any more."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from services.errors import EngineError, FenceLostError, NotFoundError
from services.lifecycle import operations, rollouts
from services.lifecycle.claims import claim
from services.lifecycle.deploy import deploy
from services.lifecycle.describe import last_lines
from services.lifecycle.job import Job
from services.lifecycle.operations import take
from services.lifecycle.reconcile import reconcile
from services.lifecycle.remove import remove
from services.lifecycle.stop import stop
from services.lifecycle.sweep import settle, sweep_services
from services.models import HostPort, Phase, Queue, Rollout, Service, WantedState
from services.runtimes.base import ObservedInstance
from services.runtimes.fake import FakeRuntime
from tests.factories import make_release
from tests.services.lifecycle.working import (
    alive,
    carry_out_all,
    change,
    crash_on_start,
    done,
    expire_leases,
    only,
)


def failing(error: Exception) -> Callable[..., None]:
    def fail(*_: object) -> None:
        raise error

    return fail


def taken_over(service: Service) -> Job:
    """The hands of a worker whose service somebody else has claimed since."""
    deploy(service, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None
    expire_leases()
    claim(service.id)
    return Job(operation=taken.operation, claim=taken.claim)


def test_a_service_is_let_go_when_its_operation_cannot_begin(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    deploy(service, actor="alice")
    monkeypatch.setattr(operations, "_begin", failing(DatabaseError("the server is gone")))

    with pytest.raises(DatabaseError):
        take(Queue.BUILDS)

    assert claim(service.id) is not None


@pytest.mark.parametrize(
    "work", [lambda _: None, failing(EngineError("it is there already"))], ids=["done", "failed"]
)
def test_a_step_of_a_worker_taken_over_stays_with_its_successor(
    service: Service, work: Callable[[Job], None]
) -> None:
    job = taken_over(service)

    with pytest.raises(FenceLostError):
        job.run_step("build", work, limit_s=10)

    assert job.operation.steps.get(name="build").state == "running"


def test_a_worker_taken_over_does_not_overwrite_the_result(service: Service) -> None:
    job = taken_over(service)

    with pytest.raises(FenceLostError):
        job.remember(image_ref="late")

    job.operation.refresh_from_db()
    assert job.operation.result == {}


def test_a_worker_taken_over_does_not_turn_its_successors_rollout_back(service: Service) -> None:
    job = taken_over(service)
    rollout = Rollout.objects.create(
        service=service, to_release=make_release(service), to_generation=1
    )
    job.operation.result = {"rollout_id": rollout.pk}

    with pytest.raises(FenceLostError):
        rollouts.start_step(job)  # which has no deadline left

    rollout.refresh_from_db()
    assert rollout.phase == Phase.STARTING


@pytest.mark.parametrize("verb", [deploy, stop, remove])
def test_nothing_is_begun_for_a_service_removed_meanwhile(
    running: Service, verb: Callable[..., object]
) -> None:
    stale = Service.objects.get(pk=running.pk)
    done(lambda: remove(running, actor="alice"))

    with pytest.raises(NotFoundError):
        verb(stale, actor="bob")

    running.refresh_from_db()
    assert running.wanted_state == WantedState.REMOVED


@pytest.mark.parametrize("phase", [Phase.GATING, Phase.SWITCHED, Phase.SETTLING])
def test_a_failure_before_draining_goes_back_to_the_old_release(
    running: Service, phase: Phase
) -> None:
    old = running.wanted_release
    change(running)
    done(lambda: deploy(running, actor="alice"))
    newest = running.rollouts.order_by("-pk").first()
    assert newest is not None
    Rollout.objects.filter(pk=newest.pk).update(phase=phase, outcome="")

    rollouts.give_up(running)

    running.refresh_from_db()
    assert running.wanted_release == old


def test_ports_of_a_removal_that_failed_are_given_back_by_the_sweep(running: Service) -> None:
    Service.objects.filter(pk=running.pk).update(wanted_state=WantedState.REMOVED)

    for _ in range(3):
        sweep_services()

    assert alive(running) == []
    assert not HostPort.objects.filter(service=running).exists()


def test_a_service_whose_container_cannot_be_made_says_why(
    running: Service, engine: FakeRuntime
) -> None:
    engine.lose(only(running).engine_id)
    engine.fail_next("apply", EngineError("no space left"))

    with pytest.raises(EngineError):
        settle(running.id)

    running.refresh_from_db()
    assert (running.status, running.status_reason) == ("error", "no space left")


def test_the_last_lines_of_a_crash_show_no_secret(own_image: Service, engine: FakeRuntime) -> None:
    own_image.environment, own_image.secret_names = {"KEY": "tops3cret"}, ["KEY"]
    own_image.save(update_fields=["environment", "secret_names"])
    crash_on_start(own_image, engine, output="bad key tops3cret")

    operation = deploy(own_image, actor="alice")
    carry_out_all()

    operation.refresh_from_db()
    assert operation.error["log_tail"] == ["bad key ****"]
    [row] = own_image.instances.all()
    assert "tops3cret" not in row.last_lines + "".join(last_lines(row, 10))


def test_a_pass_of_a_worker_taken_over_notes_nothing(running: Service, engine: FakeRuntime) -> None:
    late = claim(running.id)
    assert late is not None
    expire_leases()
    assert claim(running.id) is not None
    engine.lose(only(running).engine_id)
    before = Service.objects.get(pk=running.pk)

    with pytest.raises(FenceLostError):
        reconcile(late)

    assert only(running).state == "running"
    running.refresh_from_db()
    assert (running.status, running.observed_at) == (before.status, before.observed_at)


def test_what_is_refused_to_a_worker_taken_over_is_not_said_of_the_service(
    running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = claim(running.id)
    assert late is not None
    engine.lose(only(running).engine_id)

    def refuse_the_second(*_: object, **__: object) -> list[ObservedInstance]:
        expire_leases()
        assert claim(running.id) is not None
        raise EngineError("it is there already")

    monkeypatch.setattr(engine, "apply", refuse_the_second)

    with pytest.raises(FenceLostError):
        reconcile(late)

    running.refresh_from_db()
    assert running.status_reason == ""


def test_a_worker_taken_over_makes_no_row(running: Service) -> None:
    late = claim(running.id)
    assert late is not None
    Service.objects.filter(pk=running.pk).update(wanted_replicas=2)
    expire_leases()
    assert claim(running.id) is not None

    with pytest.raises(FenceLostError):
        reconcile(late)

    assert len(alive(running)) == 1


def test_a_worker_taken_over_does_not_advance_its_successors_rollout(running: Service) -> None:
    Rollout.objects.create(
        service=running,
        to_release=running.releases.get(),
        to_generation=running.generation,
        phase=Phase.SETTLING,
        phase_at=long_ago(),
    )
    running.instances.update(started_at=long_ago())
    late = claim(running.id)
    assert late is not None
    expire_leases()
    assert claim(running.id) is not None

    with pytest.raises(FenceLostError):
        reconcile(late)

    assert set(running.rollouts.values_list("phase", flat=True)) == {Phase.SETTLING}


def long_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)
