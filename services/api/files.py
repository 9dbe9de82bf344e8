"""/workspaces/ID/files: what lies in a workspace; never what lies outside."""

import base64
import binascii
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import Described
from services.api.paging import MOST, USUAL
from services.api.query import CURSOR, Reader, number, query
from services.api.serializers.workspace import FileContentJson, FileJson
from services.api.team_view import WorkspaceView
from services.errors import BadRequestError
from services.lifecycle.files import list_files, read_file
from services.models.checks import takes
from services.sources.listing import Listed


@takes(CURSOR)
def _name(value: str) -> bytes:
    try:
        return base64.b64decode(value.encode(), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error) as exc:
        raise ValueError("is not the `next` of an earlier answer") from exc


PATH = {"path": Reader(str, {"type": "string"})}
GONE = {422: ("source.folder_not_allowed",)}  # a registered folder was moved away
ASKED = PATH | {"limit": number(1, MOST), "after": _name}


class FileList(WorkspaceView):
    scopes = scopes.READ

    @Described(
        "listFiles",
        "What lies in a folder of a workspace",
        query=ASKED,
        answer=PageOf[FileJson],
        refuses=GONE,
    )
    def get(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        workspace = find.workspace(self.admission, workspace_id)
        want = query(request, **ASKED)
        path, after = want.get("path", "/"), want.get("after", b"")
        limit = want.get("limit", USUAL)
        rows, more = list_files(workspace, path, after=after, limit=limit)
        following = base64.urlsafe_b64encode(rows[-1].key).decode() if more else None
        return Response(
            {"data": [listed_json(row, path) for row in rows], "meta": {"next": following}}
        )


class FileContent(WorkspaceView):
    scopes = scopes.READ

    @Described(
        "readFile",
        "The beginning of a file of a workspace",
        about="Files that hold secrets by custom are as if not there.",
        query=PATH,
        needs=("path",),
        answer=Data[FileContentJson],
        refuses=GONE,
    )
    def get(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        workspace = find.workspace(self.admission, workspace_id)
        path = query(request, **PATH).get("path", "")
        if not path:
            raise BadRequestError("Invalid request parameters", details={"path": ["is required"]})
        found = read_file(workspace, path)
        data: FileContentJson = {
            "path": path,
            "size_bytes": found.size_bytes,
            "is_binary": found.is_binary,
            "is_truncated": found.is_truncated,
            "text": found.text,
        }
        return Response({"data": data})


def listed_json(row: Listed, folder: str) -> FileJson:
    return {
        "name": row.name,
        "path": f"/{folder.strip('/')}/{row.name}".replace("//", "/"),
        "kind": row.kind,
        "size_bytes": row.size_bytes,
    }
