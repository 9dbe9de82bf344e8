"""/workspaces/archive and /workspaces/ID/archive: workspaces from what somebody sends."""

from typing import Any, cast
from uuid import UUID

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.parsing import ARCHIVES
from services.api.query import label, query
from services.api.serializers.workspace import WorkspaceJson, workspace_json
from services.api.team_view import TeamView, WorkspaceView
from services.errors import BadRequestError
from services.lifecycle.trees import MIB, Stream, too_large
from services.lifecycle.workspaces import from_archive, replace_archive

NAMED = {"name": label}
ABOUT = "The body is a tar.gz or zip file as it is; no form around it."
REFUSES = {
    409: ("workspace.busy",),
    422: ("archive.refused", "archive.too_large", "archive.damaged", "archive.unknown_format"),
}


class NewArchive(TeamView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "workspace.create"}
    is_long = True
    resumes = True
    parser_classes = ARCHIVES

    @Described(
        "uploadArchive",
        "A workspace from an archive",
        about=ABOUT,
        query=NAMED,
        answer=Data[WorkspaceJson],
        status=201,
        refuses=REFUSES,
    )
    def post(self, request: Request, **_: Any) -> Response:
        name = query(request, **NAMED).get("name", "")
        made = from_archive(self.team, sent(request), name=name, key=self.once_id)
        return Response({"data": workspace_json(made)}, status=201)


class Archive(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"PUT": "workspace.replace"}
    parser_classes = ARCHIVES

    @Described(
        "replaceArchive",
        "Another archive in place of the one before",
        about=ABOUT,
        answer=Data[WorkspaceJson],
        refuses={**REFUSES, 422: ("workspace.other_source", *REFUSES[422])},
    )
    def put(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        workspace = find.workspace(self.admission, workspace_id)
        return Response({"data": workspace_json(replace_archive(workspace, sent(request)))})


def sent(request: Request) -> Stream:
    """The body, unread. A length that says already that it is too much is answered at once; one
    byte more stands for a length that nobody knows (kyozo/bodies.py)."""
    most = settings.KYOZO["ARCHIVE_MB"] * MIB
    if int(request.META.get("CONTENT_LENGTH") or 0) > most + 1:
        raise too_large()
    body = request.data
    if not hasattr(body, "read"):
        raise BadRequestError("The body is empty", fix="Send a tar.gz or zip file as the body.")
    return cast("Stream", body)
