"""A service as the seed shows it, with what Kyozo adds."""

from typing import Annotated, NotRequired, TypedDict

from django.db.models import Prefetch

from services.api.answers import HEALTH, Id, Instant, Json, Share, such_as, words
from services.api.serializers.event import EventBriefJson, event_brief
from services.api.serializers.monitoring import (
    BriefUseJson,
    HealthCheckJson,
    health_check_json,
)
from services.api.serializers.workspace import Backend
from services.lifecycle.urls import urls
from services.models import Event, HealthCheck, Instance, Service, Status
from services.models.config import (
    DEPLOYMENT,
    HEALTH_CHECK,
    OVERRIDES,
    RESOURCE_LIMITS,
    SCALING,
    VOLUME_MOUNTS,
)
from services.models.prepared_query import PreparedQuery
from services.models.service import ServiceQuerySet
from services.models.times import iso

RECENT = 20


class ObservedJson(TypedDict):
    """What was last seen, and when: nothing here is shown without its age."""

    status: Annotated[str, words(Status.values)]
    status_reason: str | None
    status_detail: Annotated[Json | None, "More of a crash loop."]
    deployment_status: str | None
    health_status: Annotated[str, HEALTH]
    observed_at: Instant | None


class SetVariablesJson(TypedDict):
    """Secrets keep their names and lose their values."""

    secret_variables: list[str]
    has_pending_changes: Annotated[bool, "They apply with the next deploy or restart."]


class EnvironmentJson(SetVariablesJson):
    environment_variables: dict[str, str | None]


class VariablesJson(SetVariablesJson):
    variables: dict[str, str | None]


class UrlJson(TypedDict):
    url: str
    kind: Annotated[str, words(("port", "host"))]


class WorkspaceBriefJson(TypedDict):
    id: Id
    name: str
    storage_backend: Backend


class TeamBriefJson(TypedDict):
    id: Id
    name: str


class PortMappingJson(TypedDict, total=False):
    host_port: Annotated[int | None, "Null until one is given."]
    protocol: Annotated[str, words(("tcp", "udp"))]
    host_ip: str


class ServiceJson(ObservedJson, EnvironmentJson):
    id: Id
    name: str
    folder_path: str
    service_type: str
    process: str
    detection_confidence: Share | None
    container_id: str | None
    image_id: str | None
    release: int | None
    deployment_config: Annotated[Json, DEPLOYMENT]
    volume_mounts: Annotated[Json, VOLUME_MOUNTS]
    resource_limits: Annotated[Json, RESOURCE_LIMITS]
    health_check_config: Annotated[Json, HEALTH_CHECK]
    port_mappings: dict[str, PortMappingJson]
    scaling_config: Annotated[Json, SCALING]
    depends_on: list[str]
    overrides: Annotated[Json, OVERRIDES]
    warnings: list[str]
    urls: list[UrlJson]
    created_at: Instant
    updated_at: Instant
    deployed_at: Instant | None
    stopped_at: Instant | None
    workspace_id: Id
    team_id: Id
    workspace: WorkspaceBriefJson
    team: TeamBriefJson


class ServiceDetailJson(ServiceJson):
    """One service with its latest events and health checks."""

    deployment_events: list[EventBriefJson]
    health_checks: list[HealthCheckJson]


class PortJson(PortMappingJson):
    container_port: int


class ServiceStatusJson(ObservedJson):
    id: Id
    name: str
    container_id: str | None
    uptime: Annotated[str | None, such_as("2d 14h 30m")]
    ports: list[PortJson]
    urls: list[UrlJson]
    current_replicas: int
    target_replicas: int
    resource_usage: BriefUseJson


class OperationMetaJson(TypedDict):
    operation_id: Annotated[Id | None, "Null when nothing had to be done."]
    unchanged: NotRequired[bool]


class VerbJson(TypedDict):
    data: ServiceJson
    meta: OperationMetaJson


def shown(services: ServiceQuerySet) -> ServiceQuerySet:
    """These with all that `service_json` reads, in a fixed number of queries."""
    # The model itself reads `given_ports` and `living_instances` where they are not read here.
    return joined(services).prefetch_related(  # type: ignore[no-redef]
        Prefetch("host_ports", to_attr="given_ports"),
        Prefetch("instances", Instance.objects.alive(), to_attr="living_instances"),
    )


def joined(services: ServiceQuerySet) -> ServiceQuerySet:
    """Of `shown` what one query reads."""
    return (
        services.select_related("workspace", "team", "wanted_release")
        .defer("wanted_release__environment", "wanted_release__config")
        .defer("workspace__git_credential", "workspace__password_seed")
    )


_EVENTS = PreparedQuery(
    lambda key: Event.objects.filter(service=key, name="deployment_event").order_by("-number")[
        :RECENT
    ]
)
_CHECKS = PreparedQuery(
    lambda key: HealthCheck.objects.filter(service=key).order_by("-checked_at")[:RECENT]
)


def service_json(service: Service) -> ServiceJson:
    release, workspace, team = service.wanted_release, service.workspace, service.team
    return {
        "id": str(service.id),
        "name": service.name,
        "folder_path": service.folder_path,
        "service_type": service.service_type,
        "process": service.process,
        "detection_confidence": service.detection_confidence,
        **observed_json(service),
        "container_id": container_id(service),
        "image_id": release.image_digest if release else None,
        "release": release.number if release else None,
        "deployment_config": service.deployment_config,
        "volume_mounts": service.volume_mounts,
        "resource_limits": service.resource_limits,
        "health_check_config": service.health_check_config,
        "port_mappings": port_mappings(service),
        "scaling_config": {
            **service.scaling_config,
            "current_replicas": service.current_replicas,
            "target_replicas": service.wanted_replicas,
        },
        **environment_json(service),
        "depends_on": service.depends_on,
        "overrides": service.overrides,
        "warnings": service.plan.get("warnings", []),
        "urls": urls_json(service),
        "created_at": iso(service.created_at),
        "updated_at": iso(service.updated_at),
        "deployed_at": iso(service.deployed_at),
        "stopped_at": iso(service.stopped_at),
        "workspace_id": str(workspace.id),
        "team_id": str(team.id),
        "workspace": {
            "id": str(workspace.id),
            "name": workspace.name,
            "storage_backend": workspace.storage_backend,
        },
        "team": {"id": str(team.id), "name": team.name},
    }


def service_detail_json(service: Service) -> ServiceDetailJson:
    return {
        **service_json(service),
        "deployment_events": [event_brief(event) for event in _EVENTS(service.pk)],
        "health_checks": [health_check_json(check) for check in _CHECKS(service.pk)],
    }


def observed_json(service: Service) -> ObservedJson:
    return {
        "status": service.status,
        "status_reason": service.status_reason or None,
        "status_detail": service.status_detail or None,
        "deployment_status": service.deployment_status or None,
        "health_status": service.health,
        "observed_at": iso(service.observed_at),
    }


def environment_json(service: Service) -> EnvironmentJson:
    return {**_set_variables(service), "environment_variables": _readable(service)}


def variables_json(service: Service) -> VariablesJson:
    return {**_set_variables(service), "variables": _readable(service)}


def _set_variables(service: Service) -> SetVariablesJson:
    return {
        "secret_variables": sorted(set(service.secret_names)),
        "has_pending_changes": service.has_pending_changes,
    }


def _readable(service: Service) -> dict[str, str | None]:
    secret, variables = set(service.secret_names), service.environment or {}
    return {k: None if k in secret else v for k, v in variables.items()}


def port_mappings(service: Service) -> dict[str, PortMappingJson]:
    """What was asked for, with the host ports that were given."""
    given: dict[str, PortMappingJson] = {
        str(row.container_port): {"host_port": row.port, "protocol": row.protocol}
        for row in service.given_ports
        if not row.is_replaced
    }
    asked = service.port_mappings
    return {
        port: {**asked.get(port, {}), **given.get(port, {})}
        for port in sorted({*asked, *given}, key=int)
    }


def container_id(service: Service) -> str | None:
    """Of the first instance that serves, else of the first."""
    routed = [i for i in service.living_instances if i.engine_id]
    routed.sort(key=lambda i: (not i.is_routed, i.generation, i.replica))
    return routed[0].engine_id if routed else None


def urls_json(service: Service) -> list[UrlJson]:
    return [{"url": found.url, "kind": found.kind} for found in urls(service)]
