"""What is forgotten, and what is not."""

from datetime import datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from services.models import (
    Analysis,
    AuditEntry,
    Build,
    Event,
    HealthCheck,
    Instance,
    LogChunk,
    Metric,
    Operation,
    Release,
    Rollout,
    Service,
)
from services.monitoring import retention, tasks
from services.teams.models import SignInLink
from tests.factories import (
    make_analysis,
    make_build,
    make_event,
    make_instance,
    make_member,
    make_operation,
    make_release,
    make_team,
)


@pytest.fixture
def long_ago() -> datetime:
    return timezone.now() - timedelta(days=400)


def test_old_samples_and_events_go(service: Service, long_ago: datetime) -> None:
    Metric.objects.create(
        service=service, metric_type="cpu_percent", value=1, unit="percent", collected_at=long_ago
    )
    HealthCheck.objects.create(
        service=service, check_type="http", status="healthy", checked_at=long_ago
    )
    make_event(service.team, 1, occurred_at=long_ago)

    counts = retention.prune()

    assert (counts["metrics"], counts["health_checks"], counts["events"]) == (1, 1, 1)


def test_new_ones_stay(service: Service) -> None:
    Metric.objects.create(service=service, metric_type="cpu_percent", value=1, unit="percent")
    make_event(service.team, 1)
    make_instance(service)
    make_operation(service)
    make_analysis(service.workspace)

    tasks.prune()

    rows = (Metric, Event, Instance, Operation, Analysis)
    assert [model.objects.count() for model in rows] == [1] * 5


def test_removed_instances_and_ended_operations_go(service: Service, long_ago: datetime) -> None:
    make_instance(service, removed_at=long_ago)
    make_operation(service, state="failed", ended_at=long_ago)
    make_analysis(service.workspace, detection_timestamp=long_ago)

    retention.prune()

    assert not Instance.objects.exists()
    assert not Operation.objects.exists()
    assert not Analysis.objects.exists()


def test_kept_lines_are_not_fetched_to_be_deleted(
    service: Service, long_ago: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE", 2)
    for number in range(5):
        made = make_instance(
            service, name=f"{number}", removed_at=long_ago, last_lines="a line", generation=number
        )
        HealthCheck.objects.create(
            service=service, instance=made, check_type="http", status="healthy"
        )

    with CaptureQueriesContext(connection) as asked:
        counts = retention.prune()

    assert (counts["instances"], Instance.objects.count()) == (10, 0)
    fetched = [query["sql"].partition(" FROM ")[0] for query in asked]
    assert not [columns for columns in fetched if '"last_lines"' in columns]


def test_the_build_of_a_release_stays_however_old(service: Service, long_ago: datetime) -> None:
    build = make_build(service, "a line")
    Operation.objects.update(state="succeeded", ended_at=long_ago)
    make_release(service, build=build)

    retention.prune()

    assert Build.objects.get() == build
    assert build.chunks.count() == 1


def test_an_instance_that_lives_stays_however_old(service: Service, long_ago: datetime) -> None:
    make_instance(service, created_at=long_ago)

    retention.prune()

    assert Instance.objects.count() == 1


def test_so_many_that_ended_last_keep_their_lines(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "KEPT_INSTANCES", 2)
    now, release = timezone.now(), make_release(service)
    living = make_instance(service, release=release, last_lines="a line")
    for minutes in (3, 1, 2):
        ended_at = now - timedelta(minutes=minutes)
        make_instance(
            service, release=release, name=f"{minutes}", removed_at=ended_at, last_lines="a line"
        )

    assert retention.prune()["last_lines"] == 1

    silent = Instance.objects.filter(last_lines="")
    assert list(silent.values_list("name", flat=True)) == ["3"]
    assert Instance.objects.filter(pk=living.pk).exists()


def test_a_removed_service_goes_with_all_that_hangs_on_it(
    service: Service, long_ago: datetime
) -> None:
    make_build(service, "a line")
    make_instance(service, removed_at=long_ago)
    make_event(service.team, 1, service=service)
    Operation.objects.update(state="succeeded", ended_at=long_ago)
    Service.objects.update(wanted_state="removed", updated_at=long_ago)

    assert retention.prune()["services"] > 0

    rows = (Service, Release, Instance, Operation, Build, LogChunk)
    assert [model.objects.count() for model in rows] == [0] * 6
    assert Event.objects.count() == 1


def test_a_removed_service_stays_while_something_of_it_is_left(
    service: Service, long_ago: datetime
) -> None:
    Service.objects.update(wanted_state="removed", updated_at=long_ago)
    make_instance(service)

    assert retention.prune()["services"] == 0


def test_a_service_removed_lately_stays(service: Service, long_ago: datetime) -> None:
    Service.objects.update(wanted_state="removed", updated_at=long_ago)
    make_operation(service, kind="remove", state="succeeded", ended_at=timezone.now())

    assert retention.prune()["services"] == 0


def test_a_release_that_nobody_goes_back_to_goes_with_its_build(
    service: Service, long_ago: datetime, settings: Settings
) -> None:
    for _ in range(3):
        build = make_build(service, operation=make_operation(service, state="succeeded"))
        release = make_release(service, build=build)
        Rollout.objects.create(
            service=service, to_release=release, to_generation=1, phase="done", outcome="succeeded"
        )
    Release.objects.update(created_at=long_ago)
    Operation.objects.update(ended_at=long_ago)
    settings.KYOZO = {**settings.KYOZO, "KEEP_RELEASES": 2}

    retention.prune()

    assert sorted(Release.objects.values_list("number", flat=True)) == [2, 3]
    assert Build.objects.count() == 2


def test_what_runs_stays_however_old_its_release_is(service: Service, long_ago: datetime) -> None:
    instance = make_instance(service)
    Release.objects.update(created_at=long_ago)

    retention.prune()

    assert Instance.objects.get() == instance


def test_of_many_restarts_the_last_rollout_stays(service: Service, long_ago: datetime) -> None:
    service.wanted_release = release = make_release(service)
    service.save()
    for generation in (1, 2, 3):
        Rollout.objects.create(
            service=service,
            to_release=release,
            to_generation=generation,
            phase="done",
            phase_at=long_ago,
            outcome="succeeded",
        )

    retention.prune()

    assert Rollout.objects.get().to_generation == 3


def test_old_ways_in_go(service: Service, long_ago: datetime) -> None:
    user = make_member(service.team)
    SignInLink.objects.create(hash="a", user=user, expires_at=long_ago)
    SignInLink.objects.create(hash="b", user=user, expires_at=timezone.now())
    Session.objects.create(session_key="a", expire_date=long_ago)

    retention.prune()

    assert SignInLink.objects.get().hash == "b"
    assert not Session.objects.exists()


@pytest.mark.parametrize(("days", "left"), [(365, 1), (0, 2), (-1, 2)])
def test_the_audit_log_is_kept_for_a_year_unless_otherwise_said(
    db: None, settings: Settings, long_ago: datetime, days: int, left: int
) -> None:
    settings.KYOZO = {**settings.KYOZO, "AUDIT_DAYS": days}
    team = make_team()
    for at in (long_ago, timezone.now()):
        AuditEntry.objects.create(team=team, action="x.y", kind="team", at=at)

    retention.prune()

    assert AuditEntry.objects.count() == left
