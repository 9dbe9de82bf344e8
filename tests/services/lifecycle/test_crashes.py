"""Crash loops: counted, taken over from the engine, told, and over when it stays up."""

import time
from datetime import timedelta
from itertools import count

import pytest
from django.utils import timezone
from pytest_django import Settings

from services.lifecycle import crashes
from services.lifecycle.deploy import deploy
from services.lifecycle.status import refresh_status
from services.lifecycle.sweep import settle
from services.models import Event, Instance, Service
from services.monitoring.watch import note_death
from services.runtimes.base import EngineEvent, State
from services.runtimes.fake import FakeRuntime
from services.runtimes.fake_engine import Box
from tests.factories import make_instance
from tests.services.lifecycle.working import change, done, only

_moments = count(1)


def crash(service: Service, engine: FakeRuntime, *, exit_code: int = 3, oom: bool = False) -> None:
    """It ends and the watch hears of it; nobody has looked at it yet."""
    instance = only(service)
    engine.die(instance.engine_id, exit_code=exit_code, oom=oom)
    note_death(death(instance, exit_code=exit_code), cause="oom" if oom else "")


def death(instance: Instance, *, exit_code: int = 3) -> EngineEvent:
    return EngineEvent(
        kind="die",
        engine_id=instance.engine_id,
        instance_id=str(instance.id),
        exit_code=exit_code,
        at=time.time() + next(_moments) / 1000,
    )


def crash_loop(
    service: Service, engine: FakeRuntime, *, exit_code: int = 3, oom: bool = False
) -> None:
    for _ in range(5):
        crash(service, engine, exit_code=exit_code, oom=oom)
    # As the sweep does it: what never answers is not waited for.
    settle(service.id, is_patient=False)
    service.refresh_from_db()


def box_of(service: Service, engine: FakeRuntime) -> Box:
    return engine.engine.find(only(service).engine_id)


def let_pass(service: Service, seconds: float) -> None:
    """As if everything so far had happened so much earlier."""
    instance = only(service)
    exits = [{**one, "at": one["at"] - seconds} for one in instance.exits]
    Instance.objects.filter(pk=instance.pk).update(exits=exits)


def test_the_engine_restarts_what_ends_now_and_then(running: Service, engine: FakeRuntime) -> None:
    for _ in range(4):
        crash(running, engine)
    settle(running.id)

    assert box_of(running, engine).promoted
    running.refresh_from_db()
    assert (running.status, running.status_detail) == ("running", {})


def test_five_exits_in_five_minutes_are_taken_over(running: Service, engine: FakeRuntime) -> None:
    crash_loop(running, engine)

    assert not box_of(running, engine).promoted
    assert only(running).looping_at is not None
    [event] = Event.objects.filter(service=running, event_data__reason="crash_loop")
    assert event.error_details["code"] == "crash_loop"
    assert not event.is_good_news


def test_exits_that_lie_apart_are_no_crash_loop(running: Service, engine: FakeRuntime) -> None:
    for _ in range(8):
        crash(running, engine)
        let_pass(running, seconds=100)
    settle(running.id)

    assert box_of(running, engine).promoted


def test_an_event_that_comes_twice_counts_once(running: Service) -> None:
    event = death(only(running))
    for _ in range(5):
        note_death(event)

    assert len(only(running).exits) == 1


def test_what_leaves_is_not_counted(running: Service) -> None:
    running.instances.update(leaving_at=timezone.now())

    note_death(death(only(running)))

    assert only(running).exits == []


def test_an_exit_counts_before_the_row_knows_the_engines_id(service: Service) -> None:
    instance = make_instance(service, engine_id="")

    note_death(EngineEvent(kind="die", engine_id="new", instance_id=str(instance.id), at=1.0))

    assert len(only(service).exits) == 1


def test_the_status_tells_exit_code_and_last_lines(running: Service, engine: FakeRuntime) -> None:
    engine.say(only(running).engine_id, "KeyError: 'DATABASE_URL'")
    engine.unhealthy.add(only(running).engine_id)

    crash_loop(running, engine)

    assert running.status == "error"
    assert running.status_reason == running.status_detail["message"]
    assert "5 times" in running.status_reason
    assert "with code 3" in running.status_reason
    detail = running.status_detail
    assert (detail["exit_code"], detail["oom"]) == (3, False)
    assert detail["log_tail"] == ["KeyError: 'DATABASE_URL'"]
    assert "DATABASE_URL is missing" in detail["fix"]


def test_the_status_tells_that_memory_ran_out(running: Service, engine: FakeRuntime) -> None:
    crash_loop(running, engine, oom=True, exit_code=137)

    assert "for lack of memory" in running.status_detail["message"]
    assert running.status_detail["oom"]
    assert "memory_mb" in running.status_detail["fix"]


def test_what_ends_without_an_error_is_told_to_stay(running: Service, engine: FakeRuntime) -> None:
    crash_loop(running, engine, exit_code=0)

    assert "foreground" in running.status_detail["fix"]


def test_secrets_are_not_shown_in_the_last_lines(running: Service, engine: FakeRuntime) -> None:
    running.environment, running.secret_names = {"KEY": "s3cr3t-value"}, ["KEY"]
    running.save(update_fields=["environment", "secret_names"])
    engine.say(only(running).engine_id, "cannot log in with s3cr3t-value")

    crash_loop(running, engine)

    assert "s3cr3t-value" not in str(running.status_detail)


def test_pauses_grow_and_end_at_five_minutes() -> None:
    exits = [{"at": 0.0, "exit_code": 1, "oom": False}] * 20

    pauses = [crashes.pause_s(Instance(exits=exits[:n])) for n in range(5, 12)]

    assert pauses == [10, 20, 40, 80, 160, 300, 300]


def test_in_a_crash_loop_it_is_started_after_a_pause_only(
    running: Service, engine: FakeRuntime
) -> None:
    crash_loop(running, engine)
    crash(running, engine)

    settle(running.id)
    assert only(running).state == State.EXITED

    let_pass(running, seconds=21)
    box_of(running, engine).started_at = timezone.now() - timedelta(seconds=21)
    settle(running.id)
    assert only(running).state == State.RUNNING
    assert not box_of(running, engine).promoted


def test_one_that_stayed_up_is_given_back_to_the_engine(
    running: Service, engine: FakeRuntime, settings: Settings
) -> None:
    crash_loop(running, engine)
    settle(running.id)
    assert only(running).looping_at is not None

    settings.KYOZO = {**settings.KYOZO, "CRASH_WINDOW_S": 0}
    settle(running.id)

    instance = only(running)
    assert (instance.looping_at, instance.exits, instance.trouble) == (None, [], {})
    assert box_of(running, engine).promoted
    running.refresh_from_db()
    assert (running.status, running.status_reason, running.status_detail) == ("running", "", {})


def test_while_it_serves_again_the_reason_still_tells_of_the_loop(
    running: Service, engine: FakeRuntime
) -> None:
    crash_loop(running, engine)

    assert running.status == "running"
    assert running.status_reason.startswith("crash loop")


def test_a_later_death_does_not_turn_a_done_deploy_into_a_failed_one(
    deployed: Service, engine: FakeRuntime
) -> None:
    engine.unhealthy.add(only(deployed).engine_id)

    crash_loop(deployed, engine)

    [operation] = deployed.operations.all()
    assert (operation.state, operation.error) == ("succeeded", {})
    assert (deployed.status, deployed.deployment_status) == ("error", "Deployment successful")


def test_a_new_deploy_leaves_the_loop_behind(running: Service, engine: FakeRuntime) -> None:
    crash_loop(running, engine)
    change(running)

    done(lambda: deploy(running, actor="alice"))

    running.refresh_from_db()
    assert (running.status, running.status_detail) == ("running", {})
    assert box_of(running, engine).promoted


@pytest.mark.parametrize("is_leaving", [True, False])
def test_only_an_instance_that_stays_is_told_of(service: Service, *, is_leaving: bool) -> None:
    make_instance(
        service,
        looping_at=timezone.now(),
        trouble={"message": "crash loop: ..."},
        leaving_at=timezone.now() if is_leaving else None,
    )

    refresh_status(service)

    service.refresh_from_db()
    assert bool(service.status_detail) is not is_leaving
