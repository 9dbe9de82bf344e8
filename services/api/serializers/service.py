"""A service as the seed shows it, with what Kyozo adds."""

from typing import Any

from django.db.models import Prefetch

from services.api.serializers.event import event_brief
from services.api.serializers.monitoring import health_check_json
from services.lifecycle.urls import urls
from services.models import Instance, Service
from services.models.service import ServiceQuerySet
from services.models.times import iso

RECENT = 20
CONFIGS = (
    "deployment_config",
    "volume_mounts",
    "resource_limits",
    "health_check_config",
)
TIMES = ("created_at", "updated_at", "deployed_at", "stopped_at")


def shown(services: ServiceQuerySet) -> ServiceQuerySet:
    """These with all that `service_json` reads, in a fixed number of queries."""
    # The model itself reads `given_ports` and `living_instances` where they are not read here.
    return (
        services.select_related("workspace", "team", "wanted_release")  # type: ignore[no-redef]
        .defer("wanted_release__environment", "wanted_release__config", "workspace__git_credential")
        .prefetch_related(
            Prefetch("host_ports", to_attr="given_ports"),
            Prefetch("instances", Instance.objects.alive(), to_attr="living_instances"),
        )
    )


def service_json(service: Service) -> dict[str, Any]:
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
        **{name: getattr(service, name) for name in CONFIGS},
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
        **{name: iso(getattr(service, name)) for name in TIMES},
        "workspace_id": str(workspace.id),
        "team_id": str(team.id),
        "workspace": {
            "id": str(workspace.id),
            "name": workspace.name,
            "storage_backend": workspace.storage_backend,
        },
        "team": {"id": str(team.id), "name": team.name},
    }


def service_detail_json(service: Service) -> dict[str, Any]:
    """One service with its latest events and health checks."""
    events = service.events.filter(name="deployment_event").order_by("-number")[:RECENT]
    checks = service.health_checks.order_by("-checked_at")[:RECENT]
    return service_json(service) | {
        "deployment_events": [event_brief(event) for event in events],
        "health_checks": [health_check_json(check) for check in checks],
    }


def observed_json(service: Service) -> dict[str, Any]:
    """What was last seen, and when: nothing here is shown without its age."""
    return {
        "status": service.status,
        "status_reason": service.status_reason or None,
        "status_detail": service.status_detail or None,
        "deployment_status": service.deployment_status or None,
        "health_status": service.health,
        "observed_at": iso(service.observed_at),
    }


def environment_json(service: Service) -> dict[str, Any]:
    """Secrets keep their names and lose their values."""
    secret = set(service.secret_names)
    variables = service.environment or {}
    return {
        "environment_variables": {k: None if k in secret else v for k, v in variables.items()},
        "secret_variables": sorted(secret),
        "has_pending_changes": service.has_pending_changes,
    }


def port_mappings(service: Service) -> dict[str, dict[str, Any]]:
    """What was asked for, with the host ports that were given."""
    given = {
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


def urls_json(service: Service) -> list[dict[str, str]]:
    return [{"url": found.url, "kind": found.kind} for found in urls(service)]
