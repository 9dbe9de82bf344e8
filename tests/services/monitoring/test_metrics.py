"""Samples of resource use, and what a service uses now."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from services import events
from services.lifecycle.scale import scale
from services.models import Metric, Service
from services.monitoring import metrics, tasks, usage
from services.runtimes.base import Stats
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import alive, done, only

MIB = 1024 * 1024


def use(**figures: Any) -> Stats:
    facts = {
        "cpu_percent": 10.0,
        "memory_bytes": 128 * MIB,
        "memory_limit_bytes": 512 * MIB,
        "network_rx_bytes": 1,
        "network_tx_bytes": 2,
        "disk_read_bytes": 3,
        "disk_write_bytes": 4,
        "at": timezone.now(),
    }
    return Stats(**{**facts, **figures})


def test_a_sample_is_stored_figure_by_figure(running: Service, engine: FakeRuntime) -> None:
    engine.used[only(running).engine_id] = use()

    assert metrics.collect() == 1

    stored = dict(Metric.objects.values_list("metric_type", "value"))
    assert stored["cpu_percent"] == 10.0
    assert stored["memory_percent"] == 25.0
    assert set(stored) == set(metrics.UNITS)


def test_with_nothing_running_nothing_is_asked(service: Service, engine: FakeRuntime) -> None:
    engine.unreachable = True

    assert metrics.collect() == 0


def test_without_a_memory_limit_there_is_no_percentage_to_speak_of() -> None:
    assert metrics.figures(use(memory_limit_bytes=0))["memory_percent"] == 0.0


def test_listeners_hear_the_sum_of_all_instances(running: Service, engine: FakeRuntime) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))
    first, second = alive(running)
    engine.used[first.engine_id] = use()
    engine.used[second.engine_id] = use(memory_bytes=256 * MIB)
    heard: list[dict[str, Any]] = []
    unsubscribe = events.subscribe(lambda said: heard.append(said.frame or {}))

    metrics.collect()
    unsubscribe()

    [frame] = heard
    assert frame["event"] == "service_metrics_updated"
    assert frame["payload"]["metrics"] == {
        "cpu_percent": 20.0,
        "memory_percent": 50.0,
        "memory_usage_bytes": 384 * MIB,
        "response_time_ms": 1.0,
    }


def test_the_current_use_is_summed_from_the_last_samples(
    running: Service, engine: FakeRuntime
) -> None:
    for cpu in (90.0, 10.0):
        engine.used[only(running).engine_id] = use(cpu_percent=cpu)
        metrics.collect()

    current = usage.current(running)

    assert (current.cpu_percent, current.memory_percent) == (10.0, 25.0)
    assert (current.memory_usage_bytes, current.disk_write_bytes) == (128 * MIB, 4)
    assert (current.restart_count, current.uptime_seconds >= 0) == (0, True)


def test_old_samples_do_not_count(running: Service, engine: FakeRuntime) -> None:
    engine.used[only(running).engine_id] = use(at=timezone.now() - timedelta(hours=1))
    metrics.collect()

    assert usage.current(running).cpu_percent is None


def test_samples_of_instances_that_are_gone_do_not_count(
    running: Service, engine: FakeRuntime
) -> None:
    metrics.collect()
    running.instances.update(removed_at=timezone.now())

    current = usage.current(running)

    assert (current.cpu_percent, current.memory_percent, current.uptime_seconds) == (None, None, 0)


def test_what_has_stopped_has_no_uptime(running: Service) -> None:
    running.instances.update(state="exited", restarts=3)

    current = usage.current(running)

    assert (current.uptime_seconds, current.restart_count) == (0, 3)


def test_an_engine_that_is_away_is_waited_for(running: Service, engine: FakeRuntime) -> None:
    engine.unreachable = True

    tasks.collect_metrics()

    assert not Metric.objects.exists()
