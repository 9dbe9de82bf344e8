"""What was measured and said: checks, figures, logs."""

from kyozo_sdk.records import Record


class HealthCheck(Record):
    """One look at an instance."""

    id: str
    check_type: str
    endpoint: str | None
    status: str
    response_time_ms: float | None
    status_code: int | None
    error: str | None
    checked_at: str


class ServiceHealth(Record):
    """The last checks of a service."""

    service_id: str
    overall_status: str
    health_status: str
    last_health_check: HealthCheck | None
    recent_checks: list[HealthCheck]


class Metric(Record):
    """One figure of one moment."""

    id: str
    metric_type: str
    value: float
    unit: str
    collected_at: str


class ResourceUse(Record):
    """All instances together; null is what was not measured."""

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


class Point(Record):
    """Figures of one step; `at` is when it began, null is what was not measured in it."""

    at: str
    cpu_percent: float | None
    memory_percent: float | None
    memory_usage_bytes: int | None
    memory_limit_bytes: int | None
    network_rx_bytes: int | None
    network_tx_bytes: int | None
    disk_read_bytes: int | None
    disk_write_bytes: int | None


class InstanceSeries(Record):
    """The points of one instance."""

    id: str
    name: str
    points: list[Point]


class Series(Record):
    """Figures over time, summed and by instance."""

    range_seconds: int
    step_seconds: int
    summed: list[Point]
    instances: list[InstanceSeries]


class Metrics(Record):
    """Use now, the last samples, and with `range` or `step` a series."""

    service_id: str
    resource_utilization: ResourceUse
    recent_metrics: list[Metric]
    updated_at: str | None
    series: Series | None


class BriefUse(Record):
    """Use now, in short."""

    cpu_percent: float | None
    memory_percent: float | None
    memory_usage_mb: int | None


class LogLine(Record):
    """One line of a log; `at` has nanoseconds."""

    at: str
    instance: str
    stream: str
    text: str


class Logs(Record):
    """Lines of a log. With `cursor` the next request gets exactly what came after."""

    logs: str
    timestamp: str
    lines: list[LogLine]
    cursor: str


class FollowedLine(Record):
    """One line of a followed log; following goes on right after its `cursor`."""

    time: str | None
    instance: str | None
    stream: str | None
    line: str | None
    cursor: str | None
    end: str | None
    message: str | None
