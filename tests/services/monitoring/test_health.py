"""Scheduled checks: when they are due, when a service counts as unhealthy, who checks."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from services.errors import EngineError
from services.lifecycle.gate import probe
from services.lifecycle.sweep import settle
from services.models import Event, HealthCheck, Instance, Service
from services.monitoring import health, tasks
from services.runtimes.base import RunResult
from services.runtimes.fake import FakeRuntime
from tests.services.at_once import at_once
from tests.services.lifecycle.working import alive, only


def make_due(service: Service) -> None:
    past = timezone.now() - timedelta(hours=1)
    service.instances.alive().update(checked_at=past)


def check(service: Service, *, times: int = 1) -> None:
    for _ in range(times):
        make_due(service)
        health.check_due()


def told(service: Service) -> list[str]:
    rows = Event.objects.filter(service=service, event_type__startswith="health_check")
    return list(rows.order_by("number").values_list("event_type", flat=True))


def configure(service: Service, **config: Any) -> Instance:
    """Another health check for the instance that runs."""
    instance = only(service)
    instance.release.config["health"] = config
    instance.release.save()
    return instance


def test_what_was_checked_a_moment_ago_is_not_due(running: Service) -> None:
    check(running)

    assert health.check_due() == 0


def test_a_check_is_kept_as_a_sample(running: Service) -> None:
    HealthCheck.objects.all().delete()

    check(running)

    [sample] = HealthCheck.objects.filter(service=running)
    assert (sample.status, sample.check_type, sample.endpoint) == ("healthy", "http", "/")


def test_one_that_cannot_be_asked_keeps_the_others_answers(
    running: Service, engine: FakeRuntime
) -> None:
    """Its container was paused or has just ended, and its check is a command inside it."""
    configure(running, type="command", command=["true"])
    Service.objects.filter(pk=running.pk).update(wanted_replicas=2)
    settle(running.pk)
    HealthCheck.objects.all().delete()
    engine.fail_next("exec", EngineError("is paused"))

    check(running)

    assert HealthCheck.objects.count() == 1


def test_it_is_unhealthy_after_three_misses_and_says_so_once(
    running: Service, engine: FakeRuntime
) -> None:
    engine.unhealthy.add(only(running).engine_id)

    check(running, times=2)
    assert (only(running).health, told(running)) == ("healthy", [])
    check(running, times=3)

    running.refresh_from_db()
    assert (only(running).health, running.health) == ("unhealthy", "unhealthy")
    assert told(running) == ["health_check_failed"]


def test_one_good_answer_makes_it_healthy_again(running: Service, engine: FakeRuntime) -> None:
    engine.unhealthy.add(only(running).engine_id)
    check(running, times=3)
    engine.unhealthy.clear()

    check(running)

    running.refresh_from_db()
    assert (only(running).misses, running.health) == (0, "healthy")
    assert told(running) == ["health_check_failed", "health_check_recovered"]


def test_the_number_of_misses_can_be_set(running: Service, engine: FakeRuntime) -> None:
    engine.unhealthy.add(only(running).engine_id)
    configure(running, type="http", retries=1)

    check(running)

    assert only(running).health == "unhealthy"


def test_fields_that_are_null_have_their_defaults(running: Service, engine: FakeRuntime) -> None:
    engine.unhealthy.add(only(running).engine_id)
    configure(running, type="http", retries=None, interval_seconds=None)

    check(running, times=2)
    assert health.check_due() == 0

    assert (only(running).misses, only(running).health) == (2, "healthy")


def test_the_interval_can_be_set(running: Service) -> None:
    configure(running, type="http", interval_seconds=1)
    running.instances.update(checked_at=timezone.now() - timedelta(seconds=2))

    assert health.check_due() == 1


def test_a_command_is_run_inside_the_instance(running: Service, engine: FakeRuntime) -> None:
    instance = configure(running, type="command", command=["pg_isready"])
    assert probe(instance).ok

    engine.programs["pg_isready"] = RunResult(exit_code=2, output="no response")
    failed = probe(instance)

    assert not failed.ok


def test_a_disabled_check_only_asks_whether_the_process_lives(
    running: Service, engine: FakeRuntime
) -> None:
    instance = configure(running, enabled=False)
    engine.unhealthy.add(instance.engine_id)

    assert probe(instance).ok


def test_a_process_that_ended_does_not_live(running: Service) -> None:
    instance = configure(running)
    instance.state = "exited"

    assert probe(instance).error == "the process is exited"


def test_an_instance_without_an_address_cannot_be_asked(running: Service) -> None:
    instance = only(running)
    instance.address, instance.host_ports = None, {}

    assert probe(instance).error == "it has no address yet"


@pytest.mark.parametrize(
    "facts", [{"is_gated": False}, {"leaving_at": timezone.now()}, {"state": "exited"}]
)
def test_only_what_serves_is_checked(running: Service, facts: dict[str, Any]) -> None:
    make_due(running)
    running.instances.update(**facts)

    assert health.check_due() == 0


def test_an_engine_that_is_away_is_waited_for(running: Service, engine: FakeRuntime) -> None:
    configure(running, type="command", command=["true"])
    make_due(running)
    engine.fail_next("exec", EngineError("away"))

    tasks.check_health()

    assert len(alive(running)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_check_it_once(running: Service) -> None:
    make_due(running)

    assert sum(at_once(*[health.check_due] * 3)) == 1
