"""/services/ID/{status,health,metrics}: what was seen and measured."""

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.one_service import shown_to
from services.api.query import query
from services.api.serializers.monitoring import (
    MetricsJson,
    ServiceHealthJson,
    health_json,
    metrics_json,
    resource_usage_json,
    series_json,
    uptime,
)
from services.api.serializers.service import (
    ServiceStatusJson,
    container_id,
    observed_json,
    port_mappings,
    urls_json,
)
from services.api.team_view import WorkspaceView
from services.errors import BadRequestError
from services.models import Service
from services.models.checks import takes
from services.monitoring import usage
from services.monitoring.series import Window, series

LEAST_RANGE_S = 60
SPAN = re.compile(r"([0-9]{1,7})([smhd]?)")
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@takes({"type": "string", "pattern": f"^{SPAN.pattern}$", "examples": ["6h"]})
def _span(value: str) -> int:
    found = SPAN.fullmatch(value)
    if found is None:
        raise ValueError("must be a time such as 90s, 15m, 6h or 1d")
    return int(found[1]) * SECONDS[found[2]]


OVER_TIME = {"range": _span, "step": _span}


class ServiceStatus(WorkspaceView):
    scopes = scopes.READ

    @Described(
        "getServiceStatus",
        "State, age of the observation, uptime, ports and use",
        answer=Data[ServiceStatusJson],
    )
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = shown_to(self.admission, service_id)
        return Response({"data": status_json(service)})


class ServiceHealth(WorkspaceView):
    scopes = scopes.READ

    @Described("getServiceHealth", "The last health checks", answer=Data[ServiceHealthJson])
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return Response({"data": health_json(find.service(self.admission, service_id))})


class ServiceMetrics(WorkspaceView):
    """`range` and `step` ask for what was, beside what is."""

    scopes = scopes.READ

    @Described(
        "getServiceMetrics",
        "Use now and the last samples; with `range` or `step` over time, too",
        query=OVER_TIME,
        answer=Data[MetricsJson],
    )
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.admission, service_id)
        window = _window(query(request, **OVER_TIME))
        data = metrics_json(service, usage.current(service))
        if window is not None:
            data["series"] = series_json(series(service, window), window)
        return Response({"data": data})


def _window(want: dict[str, int]) -> Window | None:
    """What would be too much to answer, or was never kept, is refused."""
    if not want:
        return None
    window = Window.of(want.get("range"), want.get("step"))
    kept_s = int(settings.KYOZO["KEEP_SAMPLES_H"] * 3600)
    wrong: dict[str, list[str]] = {}
    if not LEAST_RANGE_S <= window.range_s <= kept_s:
        wrong["range"] = [f"must be between {LEAST_RANGE_S}s and {kept_s}s: no more is kept"]
    elif not window.least_step_s <= window.step_s <= window.range_s:
        wrong["step"] = [
            f"must be between {window.least_step_s}s and {window.range_s}s for this range"
        ]
    if wrong:
        raise BadRequestError("Invalid request parameters", details=wrong)
    return window


def status_json(service: Service) -> ServiceStatusJson:
    started = [i.started_at for i in service.living_instances if i.is_routed and i.started_at]
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
