"""/builds: one attempt to make an image, and its log in pieces."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.query import number, query
from services.api.serializers.build import build_json, build_log_json
from services.api.team_view import WorkspaceView

CHUNKS = 200


class BuildDetail(WorkspaceView):
    scopes = scopes.READ

    def get(self, request: Request, *, build_id: UUID, **_: Any) -> Response:
        return Response({"data": build_json(find.build(self.admission, build_id))})


class BuildLog(WorkspaceView):
    """At most `CHUNKS` pieces at once; ask again with `after` = `last` until none come."""

    scopes = scopes.READ

    def get(self, request: Request, *, build_id: UUID, **_: Any) -> Response:
        build = find.build(self.admission, build_id)
        after = query(request, after=number(0, 2**31 - 1)).get("after", 0)
        chunks = list(build.chunks.filter(number__gt=after)[:CHUNKS])
        return Response({"data": build_log_json(build, chunks, after=after)})
