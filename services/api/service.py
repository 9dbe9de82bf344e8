"""/services: list, create, read, change and remove."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.inputs import (
    NEW_SERVICE,
    new_service_fields,
    service_fields,
    without_nulls,
)
from services.api.paging import MOST, USUAL, Page, cursor, page
from services.api.query import identifier, number, one_of, query, word
from services.api.serializers.build import release_json
from services.api.serializers.service import service_detail_json, service_json, shown
from services.errors import InvalidError, NotFoundError
from services.lifecycle.create import create_service
from services.lifecycle.remove import remove
from services.lifecycle.update import update_service
from services.models import Service, Status, Workspace
from services.models.checks import read
from services.models.config import SERVICE
from services.models.service import ServiceQuerySet
from services.teams.models import Team
from services.teams.views import TeamView

MAPS = (
    "deployment_config",
    "port_mappings",
    "volume_mounts",
    "resource_limits",
    "health_check_config",
    "scaling_config",
)
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
SORT = {"name": "name", "created_at": "created_at", "deployed_at": "deployed", "status": "status"}


class ServiceList(TeamView):
    scopes = scopes.READ_WRITE

    def get(self, request: Request, **_: Any) -> Response:
        found = services_page(shown(self.team), asked(request))
        return Response({"data": [service_json(row) for row in found.rows], "meta": found.meta})

    def post(self, request: Request, **_: Any) -> Response:
        fields = new_service_fields(request, NEW_SERVICE, "workspace_id")
        workspace = _own_workspace(self.team, fields.pop("workspace_id"))
        made = create_service(self.team, workspace=workspace, fields=fields, actor=self.actor)
        return Response({"data": service_detail_json(fresh(made))}, status=201)


class ServiceDetail(TeamView):
    scopes = scopes.READ_WRITE

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        row = shown(self.team).filter(pk=service_id).first()
        if row is None:
            raise NotFoundError("Service not found")
        return Response({"data": service_detail_json(row)})

    def put(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.team, service_id)
        fields = changes(service, service_fields(request, SERVICE), is_merge=False)
        update_service(service, fields=fields, actor=self.actor)
        return Response({"data": service_detail_json(fresh(service))})

    def patch(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.team, service_id)
        fields = changes(service, service_fields(request, SERVICE), is_merge=True)
        update_service(service, fields=fields, actor=self.actor)
        return Response({"data": service_detail_json(fresh(service))})

    def delete(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        volumes = query(request, volumes=one_of(("true", "false"))).get("volumes") == "true"
        remove(find.service(self.team, service_id), actor=self.actor, volumes=volumes)
        return Response(status=204)


class ReleaseList(TeamView):
    scopes = scopes.READ

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.team, service_id)
        rows = service.releases.defer("environment", "config")[:MOST]
        current = service.wanted_release_id
        return Response({"data": [release_json(row, current_id=current) for row in rows]})


def asked(request: Request) -> dict[str, Any]:
    return query(
        request,
        status=one_of(Status.values),
        service_type=word,
        workspace_id=identifier,
        search=word,
        sort_by=one_of(SORT),
        sort_order=one_of(("asc", "desc")),
        limit=number(1, MOST),
        after=cursor,
    )


def services_page(rows: ServiceQuerySet, want: dict[str, Any]) -> Page[Service]:
    exact = {k: want[k] for k in ("status", "service_type", "workspace_id") if k in want}
    rows = rows.filter(**exact).annotate(deployed=Coalesce("deployed_at", NEVER))
    if "search" in want:
        rows = rows.filter(
            Q(name__icontains=want["search"]) | Q(folder_path__icontains=want["search"])
        )
    return page(
        rows,
        by=SORT[want.get("sort_by", "created_at")],
        descending=want.get("sort_order") == "desc",
        limit=want.get("limit", USUAL),
        after=want.get("after"),
    )


def fresh(service: Service) -> Service:
    """The row as it is after a verb, with what an answer shows; also one being removed."""
    row = shown(service.team).filter(pk=service.pk).first()
    if row is None:  # removed by somebody else while the verb ran
        raise NotFoundError("Service not found")
    return row


def changes(service: Service, fields: dict[str, Any], *, is_merge: bool) -> dict[str, Any]:
    """The columns that change. PUT replaces a map, PATCH merges it; a null variable is kept by a
    PUT (secrets read back null), deleted by a PATCH. A type that was set outlives the next look."""
    changed = {**fields, **(_merged(service, fields) if is_merge else {})}
    if (given := fields.get("environment")) is not None:
        had: dict[str, str] = service.environment
        merged = {**had, **given} if is_merge else {k: _kept(had, k, v) for k, v in given.items()}
        changed["environment"] = without_nulls(merged)
    if service_type := changed.pop("service_type", None):
        changed["overrides"] = {**service.overrides, "type": service_type}
    if folder_path := changed.get("folder_path"):
        changed["detected_in"] = folder_path
    return changed


def _merged(service: Service, fields: dict[str, Any]) -> dict[str, Any]:
    """Checked again as a whole: two halves that are fine alone can contradict each other."""
    maps = {name: {**getattr(service, name), **fields[name]} for name in MAPS if name in fields}
    return read(maps, SERVICE, message="Service validation failed")


def _kept(had: dict[str, str], name: str, value: str | None) -> str | None:
    return had.get(name) if value is None else value


def _own_workspace(team: Team, pk: UUID) -> Workspace:
    found = Workspace.objects.visible_to(team).filter(pk=pk).first()
    if found is None:
        details = {"workspace_id": ["there is no such object"]}
        raise InvalidError("Service validation failed", details=details)
    return found
