"""Resource use of instances: sampled, stored, and told to live listeners."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from services import events
from services.lifecycle.engine import runtime
from services.models import HealthCheck, Instance, Metric, Service
from services.runtimes.base import Stats

UNITS = {
    "cpu_percent": "percent",
    "memory_percent": "percent",
    "memory_usage_bytes": "bytes",
    "memory_limit_bytes": "bytes",
    "network_rx_bytes": "bytes",
    "network_tx_bytes": "bytes",
    "disk_read_bytes": "bytes",
    "disk_write_bytes": "bytes",
}


def collect() -> int:
    """One sample of everything that runs; how many instances gave one."""
    rows = Instance.objects.alive().filter(state="running").exclude(engine_id="")
    by_engine_id = {row.engine_id: row for row in rows.select_related("service")}
    if not by_engine_id:
        return 0
    stats = runtime().stats(list(by_engine_id))
    samples: list[Metric] = []
    by_service: dict[Service, list[Stats]] = defaultdict(list)
    for engine_id, one in stats.items():
        row = by_engine_id[engine_id]
        by_service[row.service].append(one)
        samples += [
            Metric(
                service=row.service,
                instance=row,
                metric_type=name,
                value=value,
                unit=UNITS[name],
                collected_at=one.at,
            )
            for name, value in figures(one).items()
        ]
    Metric.objects.bulk_create(samples)
    answered = _response_times(by_service)
    for service, found in by_service.items():
        events.hint(service, _frame(service, found, answered_ms=answered[service.pk]))
    return len(stats)


def _response_times(services: Iterable[Service]) -> dict[UUID, float | None]:
    """How long the last health check of each took, in one query."""
    checks = HealthCheck.objects.filter(service=OuterRef("pk")).order_by("-checked_at")
    last = Subquery(checks.values("response_time_ms")[:1])
    rows = Service.objects.filter(pk__in=[service.pk for service in services])
    return dict(rows.values_list("pk", last))


def figures(one: Stats) -> dict[str, float]:
    limit = one.memory_limit_bytes
    return {
        "cpu_percent": one.cpu_percent,
        "memory_percent": round(100 * one.memory_bytes / limit, 2) if limit else 0.0,
        "memory_usage_bytes": one.memory_bytes,
        "memory_limit_bytes": limit,
        "network_rx_bytes": one.network_rx_bytes,
        "network_tx_bytes": one.network_tx_bytes,
        "disk_read_bytes": one.disk_read_bytes,
        "disk_write_bytes": one.disk_write_bytes,
    }


def _frame(service: Service, found: list[Stats], *, answered_ms: float | None) -> dict[str, Any]:
    """CPU adds up over the instances; of the memory the fullest one matters."""
    return {
        "event": "service_metrics_updated",
        "payload": {
            "service_id": str(service.id),
            "metrics": {
                "cpu_percent": round(sum(one.cpu_percent for one in found), 2),
                "memory_percent": max(figures(one)["memory_percent"] for one in found),
                "memory_usage_bytes": sum(one.memory_bytes for one in found),
                "response_time_ms": answered_ms,
            },
            "timestamp": max(one.at for one in found).isoformat().replace("+00:00", "Z"),
        },
    }
