"""A service, its settings, and its releases."""

from typing import Any

from kyozo_sdk.models.monitoring import BriefUse, HealthCheck
from kyozo_sdk.records import Record


class Url(Record):
    """An address of a service, by `port` or by `host` name."""

    url: str
    kind: str


class PortMapping(Record):
    """A port of the host."""

    host_port: int | None
    protocol: str | None
    host_ip: str | None


class Port(Record):
    """A port of a container, and of the host."""

    host_port: int | None
    protocol: str | None
    host_ip: str | None
    container_port: int


class DeploymentConfig(Record):
    """How a service is built and deployed."""

    dockerfile_path: str | None
    build_context: str | None
    image_name: str | None
    build_args: dict[str, str] | None
    registry: str | None
    auto_deploy: bool | None
    rollback_on_failure: bool | None


class ResourceLimits(Record):
    """What an instance may use."""

    memory_mb: int | None
    cpu_cores: float | None
    cpu_shares: int | None
    disk_mb: int | None
    swap_mb: int | None
    ulimits: dict[str, int] | None
    pids: int | None


class HealthCheckConfig(Record):
    """How an instance is checked."""

    enabled: bool | None
    type: str | None
    endpoint: str | None
    port: int | None
    command: list[str] | None
    interval_seconds: float | None
    timeout_seconds: float | None
    retries: int | None
    start_period_seconds: float | None
    headers: dict[str, str] | None
    expected_status_codes: list[int] | None


class ScalingConfig(Record):
    """How many instances are wanted, and how many were seen."""

    min_replicas: int | None
    max_replicas: int | None
    target_cpu_percent: float | None
    target_memory_percent: float | None
    scale_up_cooldown_seconds: int | None
    scale_down_cooldown_seconds: int | None
    auto_scaling_enabled: bool | None
    current_replicas: Any
    target_replicas: Any


class Overrides(Record):
    """What a person said in place of what was detected."""

    type: str | None
    start: str | None
    build: str | None
    port: int | None
    health: str | None


class TeamBrief(Record):
    """A team, in short."""

    id: str
    name: str


class WorkspaceBrief(Record):
    """A workspace, in short."""

    id: str
    name: str
    storage_backend: str


class EventBrief(Record):
    """What happened, as a service shows it."""

    id: str
    event_type: str | None
    event_data: dict[str, Any]
    error_message: str | None
    error_details: dict[str, Any] | None
    duration_ms: int | None
    sequence_number: int
    occurred_at: str
    triggered_by: str | None


class Service(Record):
    """Something that should run."""

    status: str
    status_reason: str | None
    status_detail: dict[str, Any] | None
    deployment_status: str | None
    health_status: str
    observed_at: str | None
    secret_variables: list[str]
    has_pending_changes: bool
    environment_variables: dict[str, str | None]
    id: str
    name: str
    folder_path: str
    service_type: str
    process: str
    detection_confidence: float | None
    container_id: str | None
    image_id: str | None
    release: int | None
    deployment_config: DeploymentConfig
    volume_mounts: dict[str, Any]
    resource_limits: ResourceLimits
    health_check_config: HealthCheckConfig
    port_mappings: dict[str, PortMapping]
    scaling_config: ScalingConfig
    depends_on: list[str]
    overrides: Overrides
    warnings: list[str]
    urls: list[Url]
    created_at: str
    updated_at: str
    deployed_at: str | None
    stopped_at: str | None
    workspace_id: str
    team_id: str
    workspace: WorkspaceBrief
    team: TeamBrief


class ServiceDetail(Service):
    """A service with its latest events and checks."""

    deployment_events: list[EventBrief]
    health_checks: list[HealthCheck]


class ServiceStatus(Record):
    """What was seen of a service, and when (`observed_at`)."""

    status: str
    status_reason: str | None
    status_detail: dict[str, Any] | None
    deployment_status: str | None
    health_status: str
    observed_at: str | None
    id: str
    name: str
    container_id: str | None
    uptime: str | None
    ports: list[Port]
    urls: list[Url]
    current_replicas: int
    target_replicas: int
    resource_usage: BriefUse


class Variables(Record):
    """Environment variables; those of secrets read as null."""

    secret_variables: list[str]
    has_pending_changes: bool
    variables: dict[str, str | None]


class Release(Record):
    """An image with its configuration, numbered, never changed."""

    number: int
    image_ref: str
    image_digest: str
    is_current: bool
    rolled_back_from: int | None
    build_id: str | None
    git_commit: str | None
    created_by: str | None
    created_at: str


class Change(Record):
    """One difference; values of variables are never told."""

    field: str
    kind: str
    before: Any
    after: Any


class ReleaseDiff(Record):
    """What a release changed."""

    release: int
    against: int
    changes: list[Change]


class ServiceChange(Service):
    """A service after start, stop, restart, scale, deploy or rollback."""

    @property
    def operation_id(self) -> str | None:
        """Of what was begun; None where nothing had to be done."""
        found = self.answer.meta.get("operation_id")
        return str(found) if found else None

    @property
    def is_unchanged(self) -> bool:
        return bool(self.answer.meta.get("unchanged"))
