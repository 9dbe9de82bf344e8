"""The sweep looks at everything nobody works on, and one trouble does not hide the others."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from services.errors import EngineError, EngineUnreachableError
from services.lifecycle import operations, tasks
from services.lifecycle.claims import claim
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import take
from services.lifecycle.restart import restart
from services.lifecycle.sweep import engine_lost, settle, sweep_services
from services.models import Operation, Queue, Service
from services.routing.memory import MemoryRouter
from services.runtimes.base import LABEL_FENCE, ObservedInstance, Selector
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import alive, carry_out_all, containers, done, only


def test_a_sweep_looks_at_what_should_run(running: Service, own_image: Service) -> None:
    assert sweep_services() == 1


def test_a_sweep_changes_nothing_where_all_is_well(running: Service, engine: FakeRuntime) -> None:
    before = only(running)

    sweep_services()

    assert only(running) == before
    assert containers(engine) == {before.name}


def test_what_is_well_costs_one_question_to_the_engine_however_many_there_are(
    running: Service, own_image: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    asked: list[Selector] = []
    observe = engine.observe

    def counted(selector: Selector) -> list[ObservedInstance]:
        asked.append(selector)
        return observe(selector)

    monkeypatch.setattr(engine, "observe", counted)

    assert sweep_services() == 2

    assert [selector.service_id for selector in asked] == [""]


def test_what_is_well_is_noted_as_seen(running: Service) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Service.objects.update(observed_at=long_ago)
    running.instances.update(observed_at=long_ago)

    sweep_services()

    running.refresh_from_db()
    assert running.observed_at is not None
    assert running.observed_at > long_ago
    assert only(running).observed_at == running.observed_at


def test_a_container_too_many_is_swept_away(running: Service, engine: FakeRuntime) -> None:
    [box] = engine.engine.boxes()
    twin = engine.engine.add("twin", {**box.labels, LABEL_FENCE: "0"})
    engine.engine.start(twin)

    sweep_services()

    assert containers(engine) == {box.name}


def test_a_service_with_a_running_operation_is_left_to_its_worker(
    running: Service, engine: FakeRuntime
) -> None:
    restart(running, actor="alice")
    Operation.objects.update(state="running")
    engine.lose(only(running).engine_id)

    assert settle(running.id) == 0
    assert containers(engine) == set()


def test_what_serves_is_repaired_while_an_operation_waits_for_its_turn(
    running: Service, engine: FakeRuntime
) -> None:
    operation = deploy(running, actor="alice")
    engine.lose(only(running).engine_id)

    assert settle(running.id) == 1

    assert containers(engine) == {only(running).name}
    assert only(running).is_routed
    operation.refresh_from_db()
    assert operation.state == "queued"
    carry_out_all()
    operation.refresh_from_db()
    assert operation.state == "succeeded"


def test_what_serves_is_repaired_while_an_operation_waits_for_another(
    running: Service, own_image: Service, engine: FakeRuntime
) -> None:
    first = deploy(own_image, actor="alice")
    deploy(running, actor="alice", after=[first])
    waiting = Operation.objects.filter(service=running)
    waiting.update(state="running", queue=Queue.LIFECYCLE)
    engine.lose(only(running).engine_id)

    assert settle(running.id) == 1
    assert containers(engine) == {only(running).name}


def test_an_operation_asked_for_during_a_pass_goes_first(
    running: Service, engine: FakeRuntime
) -> None:
    """One pass, then the claim is free and a worker is woken."""
    restart(running, actor="alice")
    engine.lose(only(running).engine_id)

    settle(running.id)

    assert containers(engine) == {only(running).name}
    assert not only(running).is_gated
    assert take(Queue.LIFECYCLE)


def test_a_claimed_service_is_left_alone(running: Service) -> None:
    claim(running.id)

    assert settle(running.id) == 0


def test_a_service_that_no_row_knows_is_nothing_to_look_at(running: Service) -> None:
    assert settle(uuid.uuid4()) == 0


def test_one_services_trouble_does_not_hide_the_others(
    running: Service, own_image: Service, engine: FakeRuntime
) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    for service in (running, own_image):
        engine.lose(only(service).engine_id)
    engine.fail_next("apply", EngineError("no space left"))

    assert sweep_services() == 2
    assert len(containers(engine)) == 1

    sweep_services()
    assert len(containers(engine)) == 2


def test_words_of_one_program_do_not_make_the_engine_unreachable_for_all(
    running: Service, own_image: Service, engine: FakeRuntime
) -> None:
    """The engine says `unable to find user transport is closing`."""
    done(lambda: deploy(own_image, actor="alice"))
    for service in (running, own_image):
        engine.engine.stop(engine.engine.find(only(service).engine_id))
    engine.fail_next("start", EngineUnreachableError("unable to find user transport is closing"))

    sweep_services()

    running.refresh_from_db()
    own_image.refresh_from_db()
    assert "unknown" not in {running.status, own_image.status}
    states = {only(service).state for service in (running, own_image)}
    assert "running" in states


def test_an_engine_that_is_away_makes_what_is_old_unknown(
    running: Service, engine: FakeRuntime, settings: Settings
) -> None:
    Service.objects.update(observed_at=timezone.now() - timedelta(hours=1))
    engine.unreachable = True

    with pytest.raises(EngineUnreachableError):
        sweep_services()

    running.refresh_from_db()
    assert running.status == "unknown"
    assert "does not answer" in running.status_reason


def test_after_the_engine_is_back_the_status_is_told_again(
    running: Service, engine: FakeRuntime
) -> None:
    engine_lost()
    running.refresh_from_db()
    assert running.status == "unknown"

    sweep_services()

    running.refresh_from_db()
    assert running.status == "running"


def test_a_restarted_router_gets_the_whole_table(
    running: Service, memory_router: MemoryRouter
) -> None:
    told = memory_router.table
    memory_router.publish(type(told)())

    sweep_services()

    assert memory_router.table == told


def test_the_scheduled_sweep_waits_for_the_engine(running: Service, engine: FakeRuntime) -> None:
    engine.unreachable = True

    tasks.sweep()
    engine.unreachable = False
    engine.lose(only(running).engine_id)
    tasks.sweep()

    assert containers(engine) == {only(running).name}


def test_the_clock_wakes_the_queues_in_which_something_waits(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    woken: list[Queue] = []
    monkeypatch.setattr(operations, "wake", lambda queue, **_: woken.append(queue))

    tasks.look_at_queues()
    assert woken == []

    deploy(service, actor="alice")
    woken.clear()
    tasks.look_at_queues()
    assert woken == [Queue.BUILDS]


def test_the_tasks_carry_out_what_waits(service: Service) -> None:
    operation = deploy(service, actor="alice")

    tasks.run_builds()
    tasks.run_lifecycle()

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    carry_out_all()
    assert len(alive(service)) == 1
