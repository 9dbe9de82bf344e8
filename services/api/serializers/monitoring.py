"""What was measured: health checks, metrics, logs and the status page of a service."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, NotRequired, TypedDict, cast

from django.utils import timezone

from services.api.answers import HEALTH, Id, Instant, Json, words
from services.models import HealthCheck, Metric, Service, Status
from services.models.times import iso
from services.monitoring.lines import LogEntry
from services.monitoring.metrics import UNITS
from services.monitoring.series import Point, Series, Window
from services.monitoring.usage import ResourceUse

RECENT = 50
MIB = 1024 * 1024
Health = Annotated[str, HEALTH]


class HealthCheckJson(TypedDict):
    id: Id
    check_type: Annotated[str, words(("http", "tcp", "command", "alive"))]
    endpoint: str | None
    status: Health
    response_time_ms: float | None
    status_code: int | None
    error: str | None
    checked_at: Instant


class ServiceHealthJson(TypedDict):
    service_id: Id
    overall_status: Annotated[str, words(Status.values)]
    health_status: Health
    last_health_check: HealthCheckJson | None
    recent_checks: list[HealthCheckJson]


class MetricJson(TypedDict):
    id: Id
    metric_type: Annotated[str, words(UNITS)]
    value: float
    unit: Annotated[str, words(("percent", "bytes"))]
    collected_at: Instant


class PointJson(TypedDict):
    """`at` is when the step began; null is what was not measured in it."""

    at: Instant
    cpu_percent: float | None
    memory_percent: float | None
    memory_usage_bytes: int | None
    memory_limit_bytes: int | None
    network_rx_bytes: int | None
    network_tx_bytes: int | None
    disk_read_bytes: int | None
    disk_write_bytes: int | None


class InstanceSeriesJson(TypedDict):
    id: Id
    name: str
    points: list[PointJson]


class SeriesJson(TypedDict):
    range_seconds: int
    step_seconds: int
    summed: list[PointJson]
    instances: list[InstanceSeriesJson]


class MetricsJson(TypedDict):
    service_id: Id
    resource_utilization: Annotated[Json, ResourceUse]
    recent_metrics: list[MetricJson]
    updated_at: Instant | None
    series: NotRequired[Annotated[SeriesJson, "With `range` or `step`."]]


class BriefUseJson(TypedDict):
    cpu_percent: float | None
    memory_percent: float | None
    memory_usage_mb: int | None


class LineJson(TypedDict):
    at: Annotated[str, "RFC 3339 with nanoseconds; empty for lines kept without."]
    instance: str
    stream: Annotated[str, words(("stdout", "stderr"))]
    text: str


class LogsJson(TypedDict):
    logs: Annotated[str, "All lines as one text."]
    timestamp: Instant
    lines: list[LineJson]
    cursor: Annotated[str, "The next request with it gets exactly what came after."]


def health_check_json(check: HealthCheck) -> HealthCheckJson:
    return {
        "id": str(check.id),
        "check_type": check.check_type,
        "endpoint": check.endpoint or None,
        "status": check.status,
        "response_time_ms": check.response_time_ms,
        "status_code": check.status_code,
        "error": check.error or None,
        "checked_at": iso(check.checked_at),
    }


def health_json(service: Service) -> ServiceHealthJson:
    checks = [health_check_json(c) for c in service.health_checks.order_by("-checked_at")[:RECENT]]
    return {
        "service_id": str(service.id),
        "overall_status": service.status,
        "health_status": service.health,
        "last_health_check": checks[0] if checks else None,
        "recent_checks": checks,
    }


def metric_json(metric: Metric) -> MetricJson:
    return {
        "id": str(metric.id),
        "metric_type": metric.metric_type,
        "value": metric.value,
        "unit": metric.unit,
        "collected_at": iso(metric.collected_at),
    }


def metrics_json(service: Service, use: ResourceUse) -> MetricsJson:
    recent = list(service.metrics.order_by("-collected_at")[:RECENT])
    return {
        "service_id": str(service.id),
        "resource_utilization": asdict(use),
        "recent_metrics": [metric_json(metric) for metric in recent],
        "updated_at": iso(recent[0].collected_at if recent else None),
    }


def series_json(found: Series, window: Window) -> SeriesJson:
    return {
        "range_seconds": window.range_s,
        "step_seconds": window.step_s,
        "summed": [point_json(point) for point in found.summed],
        "instances": [
            {
                "id": str(one.instance_id),
                "name": one.name,
                "points": [point_json(point) for point in one.points],
            }
            for one in found.instances
        ],
    }


def point_json(point: Point) -> PointJson:
    figures = {name: _figure(point, name) for name in UNITS}
    return cast("PointJson", {"at": iso(point.at), **figures})


def _figure(point: Point, name: str) -> float | None:
    value = point.figures.get(name)
    return int(value) if value is not None and UNITS[name] == "bytes" else value


def resource_usage_json(use: ResourceUse) -> BriefUseJson:
    used = use.memory_usage_bytes
    return {
        "cpu_percent": use.cpu_percent,
        "memory_percent": use.memory_percent,
        "memory_usage_mb": None if used is None else round(used / MIB),
    }


def logs_json(entries: list[LogEntry], *, cursor: str) -> LogsJson:
    """The seed's one text, and the same lines apart for programs."""
    return {
        "logs": "\n".join(f"{entry.at} {entry.text}" for entry in entries),
        "timestamp": iso(timezone.now()),
        "lines": [
            {"at": e.at, "instance": e.instance, "stream": e.stream, "text": e.text}
            for e in entries
        ],
        "cursor": cursor,
    }


def uptime(started_at: datetime | None) -> str | None:
    """For people: "2d 14h 30m"."""
    if started_at is None:
        return None
    seconds = max(0, int((timezone.now() - started_at).total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    return " ".join(f"{n}{unit}" for n, unit in parts if n) or f"{seconds}s"
