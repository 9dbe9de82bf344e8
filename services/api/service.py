"""/services: list, create, read, change and remove."""

from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Coalesce
from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import ETAG, IF_MATCH, Described
from services.api.etag import check_match, etag
from services.api.inputs import CHANGED_SERVICE, NEW_SERVICE, new_service_fields, service_fields
from services.api.one_service import fresh, shown_to
from services.api.paging import MOST, Order, Page
from services.api.query import TRUTH, Reader, identifier, one_of, query, word
from services.api.query import number as number_between
from services.api.serializers.build import ReleaseDiffJson, ReleaseJson, release_json
from services.api.serializers.service import (
    ServiceDetailJson,
    ServiceJson,
    service_detail_json,
    service_json,
    shown,
)
from services.api.team_view import WorkspaceView
from services.errors import InvalidError
from services.lifecycle.compare import compare
from services.lifecycle.create import create_service
from services.lifecycle.remove import remove
from services.lifecycle.update import change_service
from services.models import Service, Status, Workspace
from services.models.service import ServiceQuerySet
from services.teams.policy import Admission

MOST_RELEASES = 2**31 - 1
CHOICES = 20
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
ORDER = Order(
    {"name": "name", "created_at": "created_at", "deployed_at": "deployed", "status": "status"},
    by="created_at",
)
EXACT: dict[str, Reader] = {
    "status": one_of(Status.values),
    "service_type": word,
    "workspace_id": identifier,
}
ASKED = EXACT | {"search": word} | ORDER.readers()
RELEASE_ORDER = Order({"number": "number"}, by="number", descending=True, usual=MOST)
RELEASES_ASKED = RELEASE_ORDER.readers()
AGAINST = {"against": number_between(1, MOST_RELEASES)}
VOLUMES = {"volumes": TRUTH}
PORTS = ("port.in_use", "port.outside_block", "port.privileged")
CREATE_REFUSES = {422: ("service.name_taken", *PORTS)}
CHANGE_REFUSES = {422: ("service.name_taken", "env.secret_stays", *PORTS)}


class ServiceList(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "service.create"}

    @Described("listServices", "The team's services", query=ASKED, answer=PageOf[ServiceJson])
    def get(self, request: Request, **_: Any) -> Response:
        return list_answer(request, shown(find.services(self.admission)))

    @Described(
        "createService",
        "Create a service",
        about="Without `workspace_id` it belongs to the team's only workspace.",
        body=NEW_SERVICE,
        answer=Data[ServiceDetailJson],
        status=201,
        refuses=CREATE_REFUSES,
        headers=(ETAG,),
    )
    def post(self, request: Request, **_: Any) -> Response:
        fields = new_service_fields(request, NEW_SERVICE)
        workspace = _workspace(self.admission, fields.pop("workspace_id", None))
        made = create_service(self.team, workspace=workspace, fields=fields, actor=self.actor)
        return detail_answer(made, status=201)


class ServiceDetail(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {
        "PUT": "service.update",
        "PATCH": "service.update",
        "DELETE": "service.remove",
    }

    @Described(
        "getService",
        "One service, with its latest events and health checks",
        answer=Data[ServiceDetailJson],
        headers=(ETAG,),
    )
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        row = shown_to(self.admission, service_id)
        return Response({"data": service_detail_json(row)}, headers={"ETag": etag(row)})

    @Described(
        "replaceServiceSettings",
        "Change settings; a map that is sent replaces the one before",
        about="A null keeps the value of a secret variable.",
        body=CHANGED_SERVICE,
        answer=Data[ServiceDetailJson],
        refuses=CHANGE_REFUSES,
        headers=(ETAG, IF_MATCH),
    )
    def put(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return self._change(request, service_id, is_merge=False)

    @Described(
        "changeServiceSettings",
        "Change settings; a map that is sent is merged into the one before",
        about="A null deletes a variable.",
        body=CHANGED_SERVICE,
        answer=Data[ServiceDetailJson],
        refuses=CHANGE_REFUSES,
        headers=(ETAG, IF_MATCH),
    )
    def patch(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return self._change(request, service_id, is_merge=True)

    @Described(
        "removeService",
        "Remove a service",
        about="Its id is not found and its name is free from the moment of the answer.",
        query=VOLUMES,
        status=204,
        refuses={409: ("service.busy",)},
    )
    def delete(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        volumes = query(request, **VOLUMES).get("volumes") == "true"
        remove(find.service(self.admission, service_id), actor=self.actor, volumes=volumes)
        return Response(status=204)

    def _change(self, request: Request, service_id: UUID, *, is_merge: bool) -> Response:
        service = find.service(self.admission, service_id)
        fields = service_fields(request, CHANGED_SERVICE)
        change_service(
            service,
            fields=fields,
            is_merge=is_merge,
            actor=self.actor,
            check=partial(check_match, request),
        )
        return detail_answer(service)


class ReleaseList(WorkspaceView):
    scopes = scopes.READ

    @Described(
        "listReleases",
        "Releases of a service, newest first",
        query=RELEASES_ASKED,
        answer=PageOf[ReleaseJson],
    )
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        service = find.service(self.admission, service_id)
        want = query(request, **RELEASES_ASKED)
        found = RELEASE_ORDER.page(service.releases.defer("environment", "config"), want)
        return found.answer(request, partial(release_json, current_id=service.wanted_release_id))


class ReleaseDiff(WorkspaceView):
    """`against` names the other release; without it the one before."""

    scopes = scopes.READ

    @Described(
        "compareReleases",
        "What a release changed: image, configuration, names of variables",
        query=AGAINST,
        answer=Data[ReleaseDiffJson],
    )
    def get(self, request: Request, *, service_id: UUID, number: int, **_: Any) -> Response:
        service = find.service(self.admission, service_id)
        want = query(request, **AGAINST)
        against, found = compare(service, number, against=want.get("against"))
        changes = [asdict(one) for one in found]
        return Response({"data": {"release": number, "against": against, "changes": changes}})


def list_answer(request: Request, rows: ServiceQuerySet) -> Response:
    return services_page(rows, query(request, **ASKED)).answer(request, service_json)


def detail_answer(service: Service, *, status: int = 200) -> Response:
    row = fresh(service)
    headers = {"ETag": etag(row)}
    return Response({"data": service_detail_json(row)}, status=status, headers=headers)


def services_page(rows: ServiceQuerySet, want: dict[str, Any]) -> Page[Service]:
    exact = {name: want[name] for name in EXACT.keys() & want.keys()}
    rows = rows.filter(**exact).annotate(deployed=Coalesce("deployed_at", NEVER))
    if "search" in want:
        rows = rows.filter(
            Q(name__icontains=want["search"]) | Q(folder_path__icontains=want["search"])
        )
    return ORDER.page(rows, want)


def _workspace(who: Admission, pk: UUID | None) -> Workspace:
    """The one that was named; unsaid it is the only one there is."""
    if pk is not None:
        return find.workspace(who, pk)
    rows = list(find.workspaces(who).order_by("name", "id")[: CHOICES + 1])
    if len(rows) == 1:
        return rows[0]
    names = ", ".join(f"{row.name} ({row.id})" for row in rows[:CHOICES]) or "none yet"
    raise InvalidError(
        "Service validation failed",
        details={"workspace_id": [f"is required; the team's workspaces are: {names}"]},
        fix="send workspace_id" if rows else "register a workspace first: POST .../workspaces",
        params={"workspaces": [{"id": str(row.id), "name": row.name} for row in rows[:CHOICES]]},
    )
