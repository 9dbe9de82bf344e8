"""/services/ID/{status,logs,health,metrics}: what was measured and said."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.query import moment, number, one_of, query, word
from services.api.serializers.monitoring import (
    health_json,
    logs_json,
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
from services.api.team_view import WorkspaceView
from services.errors import NotFoundError
from services.models import Service
from services.monitoring import logs, usage


class ServiceStatus(WorkspaceView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = shown(find.services(self.admission)).filter(pk=service_id).first()
        if service is None:
            raise NotFoundError("Service not found")
        return Response({"data": status_json(service)})


class ServiceLogs(WorkspaceView):
    """`follow` is accepted and answered at once: programs go on with `since`."""

    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.admission, service_id)
        want = query(
            request,
            lines=number(1, 10_000),
            since=moment,
            stream=one_of(("stdout", "stderr")),
            search=word,
            follow=one_of(("true", "false")),
        )
        want.pop("follow", None)
        return Response({"data": logs_json(logs.tail(service, **want))})


class ServiceHealth(WorkspaceView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return Response({"data": health_json(find.service(self.admission, service_id))})


class ServiceMetrics(WorkspaceView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.admission, service_id)
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
