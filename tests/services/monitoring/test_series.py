"""Resource use over time: steps, means, sums, and one query for all of it."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from services.models import Instance, Service
from services.monitoring.series import Series, Window, series
from tests.factories import make_instance

MINUTE = Window(range_s=3600, step_s=60)


@pytest.fixture
def began() -> datetime:
    """The step before the last that is over."""
    return MINUTE.begin(timezone.now()) - timedelta(minutes=2)


def measure(instance: Instance, at: datetime, **values: float) -> None:
    for name, value in values.items():
        instance.service.metrics.create(
            instance=instance, metric_type=name, value=value, unit="", collected_at=at
        )


def test_a_step_is_the_mean_of_its_samples(service: Service, began: datetime) -> None:
    instance = make_instance(service)
    for second, value in ((0, 10), (15, 20), (59, 60), (60, 5)):
        measure(instance, began + timedelta(seconds=second), cpu_percent=value)

    points = series(service, MINUTE).summed

    assert [(point.at, point.figures["cpu_percent"]) for point in points] == [
        (began, 30),
        (began + timedelta(minutes=1), 5),
    ]


@pytest.mark.parametrize("step_s", [7, 45, 60, 120, 3600])
def test_every_sample_is_in_exactly_one_step(service: Service, step_s: int) -> None:
    instance = make_instance(service)
    now = timezone.now()
    for second in range(5, 605, 15):
        measure(instance, now - timedelta(seconds=second), network_rx_bytes=second)

    found = series(service, Window(3600, step_s))

    assert max(p.figures["network_rx_bytes"] for p in found.summed) == 590
    assert len(found.summed) == len({point.at for point in found.summed})
    assert all(point.at.timestamp() % step_s == 0 for point in found.summed)


def test_what_only_grows_is_told_as_it_was_last(service: Service, began: datetime) -> None:
    instance = make_instance(service)
    for second, value in ((0, 100), (30, 300)):
        measure(instance, began + timedelta(seconds=second), network_rx_bytes=value)

    assert series(service, MINUTE).summed[0].figures["network_rx_bytes"] == 300


def test_instances_are_apart_and_add_up(service: Service, began: datetime) -> None:
    for cpu in (10, 30):
        measure(
            make_instance(service),
            began,
            cpu_percent=cpu,
            memory_usage_bytes=cpu,
            memory_limit_bytes=100,
            memory_percent=cpu,
        )

    found = series(service, MINUTE)

    assert [one.points[0].figures["cpu_percent"] for one in found.instances] == [10, 30]
    assert found.summed[0].figures["cpu_percent"] == 40
    assert found.summed[0].figures["memory_percent"] == 20


def test_an_instance_that_is_gone_still_counts(service: Service, began: datetime) -> None:
    measure(make_instance(service, removed_at=timezone.now()), began, cpu_percent=7)

    assert len(series(service, MINUTE).instances) == 1


def test_what_is_older_than_the_range_is_left_out(service: Service) -> None:
    measure(make_instance(service), timezone.now() - timedelta(seconds=3700), cpu_percent=7)

    assert series(service, MINUTE) == Series([], [])


@pytest.mark.parametrize("instances", [1, 5])
def test_one_query_is_enough(
    service: Service,
    began: datetime,
    instances: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(instances):
        measure(make_instance(service), began, cpu_percent=1, memory_percent=2)

    with django_assert_num_queries(1):
        assert len(series(service, MINUTE).instances) == instances


@pytest.mark.parametrize(
    ("range_s", "step_s", "window"),
    [
        (None, None, Window(3600, 60)),
        (300, None, Window(300, 30)),
        (60, None, Window(60, 30)),
        (86400, None, Window(86400, 1440)),
        (None, 30, Window(3600, 30)),
        (None, 7200, Window(7200, 7200)),
        (0, None, Window(0, 0)),
        (None, 0, Window(3600, 0)),
    ],
)
def test_what_is_not_said_fits(range_s: int | None, step_s: int | None, window: Window) -> None:
    assert Window.of(range_s, step_s) == window


@pytest.mark.parametrize(("range_s", "least_s"), [(60, 30), (3600, 30), (86400, 173)])
def test_a_step_is_no_less_than_samples_are_apart(range_s: int, least_s: int) -> None:
    assert Window.of(range_s, None).least_step_s == least_s
