"""A service's resource use now, from the last stored samples."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from services.models import Instance, Metric, Service

SUMMED = (
    "cpu_percent",
    "memory_usage_bytes",
    "memory_limit_bytes",
    "network_rx_bytes",
    "network_tx_bytes",
    "disk_read_bytes",
    "disk_write_bytes",
)


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """Sums over the running instances; `None` where no fresh sample exists."""

    cpu_percent: float | None
    memory_percent: float | None
    memory_usage_bytes: int | None
    memory_limit_bytes: int | None
    network_rx_bytes: int | None
    network_tx_bytes: int | None
    disk_read_bytes: int | None
    disk_write_bytes: int | None
    uptime_seconds: int
    restart_count: int


def current(service: Service) -> ResourceUse:
    """Two queries for any number of instances. Older samples than three rounds do not count."""
    instances = list(service.instances.alive().filter(leaving_at=None))
    fresh = timezone.now() - timedelta(seconds=3 * settings.KYOZO["METRICS_S"])
    last: dict[tuple[object, str], float] = {}
    rows = Metric.objects.filter(service=service, collected_at__gte=fresh)
    ids = {instance.pk for instance in instances}
    for row in rows.order_by("collected_at"):
        if row.instance_id in ids:
            last[row.instance_id, row.metric_type] = row.value
    sums: dict[str, float | None] = {name: _sum(last, name) for name in SUMMED}
    used, limit = sums["memory_usage_bytes"], sums["memory_limit_bytes"]
    return ResourceUse(
        cpu_percent=sums["cpu_percent"],
        memory_percent=round(100 * used / limit, 2) if used is not None and limit else None,
        **{name: _whole(sums[name]) for name in SUMMED if name != "cpu_percent"},
        uptime_seconds=max(map(_uptime, instances), default=0),
        restart_count=sum(instance.restarts for instance in instances),
    )


def _sum(last: dict[tuple[object, str], float], name: str) -> float | None:
    values = [value for (_, metric), value in last.items() if metric == name]
    return round(sum(values), 2) if values else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _uptime(instance: Instance) -> int:
    if instance.started_at is None or instance.state != "running":
        return 0
    return int((timezone.now() - instance.started_at).total_seconds())
