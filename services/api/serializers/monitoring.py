"""What was measured: health checks, metrics, logs and the status page of a service."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from services.models import HealthCheck, Metric, Service
from services.models.times import iso
from services.monitoring.logs import LogEntry
from services.monitoring.metrics import UNITS
from services.monitoring.series import Point, Series, Window
from services.monitoring.usage import ResourceUse

RECENT = 50
MIB = 1024 * 1024


def health_check_json(check: HealthCheck) -> dict[str, Any]:
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


def health_json(service: Service) -> dict[str, Any]:
    checks = [health_check_json(c) for c in service.health_checks.order_by("-checked_at")[:RECENT]]
    return {
        "service_id": str(service.id),
        "overall_status": service.status,
        "health_status": service.health,
        "last_health_check": checks[0] if checks else None,
        "recent_checks": checks,
    }


def metric_json(metric: Metric) -> dict[str, Any]:
    return {
        "id": str(metric.id),
        "metric_type": metric.metric_type,
        "value": metric.value,
        "unit": metric.unit,
        "collected_at": iso(metric.collected_at),
    }


def metrics_json(service: Service, use: ResourceUse) -> dict[str, Any]:
    recent = list(service.metrics.order_by("-collected_at")[:RECENT])
    return {
        "service_id": str(service.id),
        "resource_utilization": {name: getattr(use, name) for name in USE},
        "recent_metrics": [metric_json(metric) for metric in recent],
        "updated_at": iso(recent[0].collected_at if recent else None),
    }


USE = (
    "cpu_percent",
    "memory_percent",
    "memory_usage_bytes",
    "memory_limit_bytes",
    "network_rx_bytes",
    "network_tx_bytes",
    "disk_read_bytes",
    "disk_write_bytes",
    "uptime_seconds",
    "restart_count",
)


def series_json(found: Series, window: Window) -> dict[str, Any]:
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


def point_json(point: Point) -> dict[str, Any]:
    """`at` is when the step began; null is what was not measured in it."""
    values = {name: point.figures.get(name) for name in UNITS}
    return {"at": iso(point.at)} | {
        name: int(value) if value is not None and UNITS[name] == "bytes" else value
        for name, value in values.items()
    }


def resource_usage_json(use: ResourceUse) -> dict[str, Any]:
    used = use.memory_usage_bytes
    return {
        "cpu_percent": use.cpu_percent,
        "memory_percent": use.memory_percent,
        "memory_usage_mb": None if used is None else round(used / MIB),
    }


def logs_json(entries: list[LogEntry]) -> dict[str, Any]:
    """The seed's one text, and the same lines apart for programs."""
    return {
        "logs": "\n".join(f"{entry.at} {entry.text}" for entry in entries),
        "timestamp": iso(timezone.now()),
        "lines": [
            {"at": e.at, "instance": e.instance, "stream": e.stream, "text": e.text}
            for e in entries
        ],
    }


def uptime(started_at: datetime | None) -> str | None:
    """For people: "2d 14h 30m"."""
    if started_at is None:
        return None
    seconds = max(0, int((timezone.now() - started_at).total_seconds()))
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [(days, "d"), (hours, "h"), (minutes, "m")]
    return " ".join(f"{n}{unit}" for n, unit in parts if n) or f"{seconds}s"
