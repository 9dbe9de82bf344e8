"""/workspaces/git and /workspaces/ID/refresh: workspaces from git repositories."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.inputs import CREDENTIAL, GIT_WORKSPACE, REFRESH
from services.api.serializers.workspace import (
    RefreshedJson,
    RefreshMetaJson,
    WorkspaceJson,
    workspace_json,
)
from services.api.team_view import TeamView, WorkspaceView
from services.lifecycle.git_workspaces import GitSource, from_git, refresh
from services.sources.git import Credential
from services.sources.git_ssh import HostKey
from services.teams.models import Scope, allows

REFUSES = {
    409: ("workspace.busy",),
    422: (
        "git.url_refused",
        "git.bad_ref",
        "git.ref_not_found",
        "git.auth_failed",
        "git.bad_key",
        "git.host_key_changed",
        "git.not_found",
        "git.moved",
        "git.unreachable",
        "git.timeout",
        "git.too_large",
    ),
}


class NewGit(TeamView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "workspace.create"}
    is_long = True
    resumes = True

    @Described(
        "cloneRepository",
        "A workspace from a git repository",
        about="`token` and `deploy_key` are encrypted at rest and never shown again. An ssh server "
        "must show the key of the fingerprint `host_key`; without it the first one is remembered.",
        body=GIT_WORKSPACE,
        answer=Data[WorkspaceJson],
        status=201,
        refuses=REFUSES,
    )
    def post(self, request: Request, **_: Any) -> Response:
        fields = GIT_WORKSPACE.read(request)
        source = GitSource(
            fields["url"],
            fields.get("ref", ""),
            credential_in(fields) or Credential(),
            HostKey(wanted=fields.get("host_key", "")),
        )
        is_admin = allows(self.admission.scope, Scope.ADMIN)
        name = fields.get("name", "")
        made = from_git(self.team, source, name=name, may_be_local=is_admin, key=self.once_id)
        return Response({"data": workspace_json(made)}, status=201)


class Refresh(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "workspace.refresh"}
    is_long = True
    resumes = True

    @Described(
        "refreshRepository",
        "Fetch the newest commit",
        about="Services whose folder changed are deployed where they wish so (`auto_deploy`). With "
        "`host_key` another key of the ssh server is accepted.",
        body=REFRESH,
        answer=RefreshedJson,
        refuses={**REFUSES, 422: ("workspace.other_source", *REFUSES[422])},
    )
    def post(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        workspace = find.workspace(self.admission, workspace_id)
        fields = REFRESH.read(request)
        done = refresh(
            workspace,
            ref=fields.get("ref"),
            credential=credential_in(fields),
            host_key=fields.get("host_key", ""),
            actor=self.actor,
        )
        meta: RefreshMetaJson = {
            "unchanged": not done.is_changed,
            "operation_ids": [str(operation.id) for operation in done.operations],
        }
        return Response({"data": workspace_json(done.workspace), "meta": meta})


def credential_in(fields: dict[str, Any]) -> Credential | None:
    """What is given replaces all of what was there before; None when nothing is."""
    given = {name: fields[name] for name in CREDENTIAL if name in fields}
    return Credential(**given) if given else None
