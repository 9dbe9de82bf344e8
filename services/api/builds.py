"""/builds: one attempt to make an image, and its log in pieces."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import Described
from services.api.paging import Order
from services.api.query import Reader, identifier, number, one_of, query
from services.api.serializers.build import (
    BuildBriefJson,
    BuildJson,
    BuildLogJson,
    build_brief,
    build_json,
    build_log_json,
)
from services.api.team_view import WorkspaceView
from services.models import BuildState

CHUNKS = 200
ORDER = Order({"started_at": "started_at"}, by="started_at", descending=True, usual=50)
EXACT: dict[str, Reader] = {
    "service_id": identifier,
    "operation_id": identifier,
    "state": one_of(BuildState.values),
}
ASKED = EXACT | ORDER.readers()
AFTER = {"after": number(0, 2**31 - 1)}


class BuildList(WorkspaceView):
    """Newest first, without their Dockerfiles."""

    scopes = scopes.READ

    @Described(
        "listBuilds",
        "Builds, newest first, without their Dockerfiles",
        query=ASKED,
        answer=PageOf[BuildBriefJson],
    )
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        exact = {name: want[name] for name in EXACT.keys() & want.keys()}
        rows = find.builds(self.admission).filter(**exact).defer("dockerfile")
        return ORDER.page(rows, want).answer(request, build_brief)


class BuildDetail(WorkspaceView):
    scopes = scopes.READ

    @Described("getBuild", "One build: Dockerfile, image, failure", answer=Data[BuildJson])
    def get(self, request: Request, *, build_id: UUID, **_: Any) -> Response:
        return Response({"data": build_json(find.build(self.admission, build_id))})


class BuildLog(WorkspaceView):
    """At most `CHUNKS` pieces at once; ask again with `after` = `last` until none come."""

    scopes = scopes.READ

    @Described(
        "getBuildLog",
        "A build's log in pieces",
        about="At most 200 at once: ask again with `after` = `last` until none come.",
        query=AFTER,
        answer=Data[BuildLogJson],
    )
    def get(self, request: Request, *, build_id: UUID, **_: Any) -> Response:
        build = find.build(self.admission, build_id)
        after = query(request, **AFTER).get("after", 0)
        chunks = list(build.chunks.filter(number__gt=after)[:CHUNKS])
        return Response({"data": build_log_json(build, chunks, after=after)})
