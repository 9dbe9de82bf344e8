"""What is forgotten, and what is not."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from services.models import (
    Analysis,
    Build,
    Event,
    HealthCheck,
    Instance,
    Metric,
    Operation,
    Service,
)
from services.monitoring import retention, tasks
from tests.factories import (
    make_analysis,
    make_build,
    make_event,
    make_instance,
    make_operation,
    make_release,
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
