"""/services/ID/{status,health,metrics}: what was seen and measured."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.serializers.monitoring import (
    health_json,
    metrics_json,
    resource_usage_json,
    uptime,
)
from services.api.serializers.service import (
    container_id,
    observed_json,
    port_mappings,
    shown,
    urls_json,
)
from services.api.team_view import TeamView
from services.errors import NotFoundError
from services.models import Service
from services.monitoring import usage


class ServiceStatus(TeamView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = shown(self.team).filter(pk=service_id).first()
        if service is None:
            raise NotFoundError("Service not found")
        return Response({"data": status_json(service)})


class ServiceHealth(TeamView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return Response({"data": health_json(find.service(self.team, service_id))})


class ServiceMetrics(TeamView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.team, service_id)
        return Response({"data": metrics_json(service, usage.current(service))})


def status_json(service: Service) -> dict[str, Any]:
    started = [i.started_at for i in service.instances.all() if i.is_routed and i.started_at]
    return {
        "id": str(service.id),
        "name": service.name,
        **observed_json(service),
        "container_id": container_id(service),
        "uptime": uptime(min(started, default=None)),
        "ports": [
            {"container_port": int(port), **mapping}
            for port, mapping in port_mappings(service).items()
        ],
        "urls": urls_json(service),
        "current_replicas": service.current_replicas,
        "target_replicas": service.wanted_replicas,
        "resource_usage": resource_usage_json(usage.current(service)),
    }
