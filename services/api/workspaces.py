"""/workspaces: registered folders; analysing and deploying what is in them."""

from typing import Any, TypedDict
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import ETAG, Described
from services.api.inputs import (
    ANALYSE,
    DEPLOY_FOLDER,
    FROM_WORKSPACE,
    WORKSPACE,
    deploy_options,
    new_service_fields,
)
from services.api.paging import MOST, Order
from services.api.query import Reader, one_of, query, word
from services.api.serializers.analysis import AnalysisJson, analysis_json
from services.api.serializers.operation import OperationJson, operation_json
from services.api.serializers.operation import shown as operations_shown
from services.api.serializers.service import ServiceDetailJson, ServiceJson, service_json, shown
from services.api.serializers.workspace import WorkspaceJson, workspace_json
from services.api.service import ASKED as SERVICES_ASKED
from services.api.service import CREATE_REFUSES, detail_answer, list_answer
from services.api.team_view import TeamView, WorkspaceView
from services.lifecycle.analyse import analyse
from services.lifecycle.create import create_service
from services.lifecycle.folder import FolderDeploy, deploy_folder
from services.lifecycle.remove_workspace import remove_workspace
from services.lifecycle.workspaces import register_folder
from services.models import StorageBackend
from services.teams.policy import Admission

LOOKING = ("detection.failed", "detection.timeout", "detection.memory", "detection.crashed")
UNREADABLE = ("source.unreadable", "source.too_large", "source.changing")


class SkippedJson(TypedDict):
    name: str
    reason: str


class FolderDeployJson(TypedDict):
    analysis: AnalysisJson
    services: list[ServiceJson]
    operations: list[OperationJson]
    skipped: list[SkippedJson]


ORDER = Order({name: name for name in ("name", "created_at", "updated_at")}, by="name", usual=MOST)
ASKED: dict[str, Reader] = {
    "storage_backend": one_of(StorageBackend.values),
    "search": word,
    **ORDER.readers(),
}


class WorkspaceList(TeamView):
    scopes = scopes.REGISTER
    for_workspace = ("GET",)
    actions = {"POST": "workspace.create"}

    @Described("listWorkspaces", "The team's workspaces", query=ASKED, answer=PageOf[WorkspaceJson])
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        rows = find.workspaces(self.admission)
        if "storage_backend" in want:
            rows = rows.filter(storage_backend=want["storage_backend"])
        found = ORDER.page(rows.filter(name__icontains=want.get("search", "")), want)
        return found.answer(request, workspace_json)

    @Described(
        "registerFolder",
        "A workspace from a folder of the platform's machine",
        about="For administrators. The same folder again is the same workspace.",
        body=WORKSPACE,
        answer=Data[WorkspaceJson],
        refuses={422: ("source.folder_not_allowed", "workspace.other_source")},
    )
    def post(self, request: Request, **_: Any) -> Response:
        """The same folder again is the same workspace."""
        fields = WORKSPACE.read(request)
        made = register_folder(self.team, **fields, actor=self.actor)
        return Response({"data": workspace_json(made)})


class WorkspaceDetail(TeamView):
    scopes = scopes.REGISTER
    for_workspace = ("GET",)
    actions = {"DELETE": "workspace.remove"}

    @Described("getWorkspace", "One workspace", answer=Data[WorkspaceJson])
    def get(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        return Response({"data": workspace_json(find.workspace(self.admission, workspace_id))})

    @Described(
        "removeWorkspace",
        "Remove a workspace without services",
        about="For administrators. A registered folder is not touched.",
        status=204,
        refuses={409: ("workspace.in_use",)},
    )
    def delete(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        """Only without services, and never the folder of the machine that it may stand for."""
        remove_workspace(find.workspace(self.admission, workspace_id))
        return Response(status=204)


class WorkspaceServices(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "service.create"}

    @Described(
        "listWorkspaceServices",
        "Services of a workspace",
        query=SERVICES_ASKED,
        answer=PageOf[ServiceJson],
    )
    def get(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        workspace = find.workspace(self.admission, workspace_id)
        return list_answer(
            request, shown(find.services(self.admission)).filter(workspace=workspace)
        )

    @Described(
        "createWorkspaceService",
        "Create a service of a folder, and deploy it",
        about="With `auto_deploy` false it is only created.",
        body=FROM_WORKSPACE,
        answer=Data[ServiceDetailJson],
        status=201,
        refuses=CREATE_REFUSES,
        headers=(ETAG,),
    )
    def post(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        """The seed's short way: `auto_deploy` stands beside the other fields, and is usual here."""
        workspace = find.workspace(self.admission, workspace_id)
        fields = new_service_fields(request, FROM_WORKSPACE)
        config = {"auto_deploy": fields.pop("auto_deploy", True)}
        fields["deployment_config"] = config | fields.get("deployment_config", {})
        made = create_service(self.team, workspace=workspace, fields=fields, actor=self.actor)
        return detail_answer(made, status=201)


class WorkspaceAnalyze(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "workspace.analyze"}

    @Described(
        "analyzeWorkspace",
        "What lives in a folder, with evidence",
        body=ANALYSE,
        answer=Data[AnalysisJson],
        refuses={422: (*LOOKING, *UNREADABLE)},
    )
    def post(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        fields = {"folder_path": "/"} | ANALYSE.read(request)
        found = analyse(find.workspace(self.admission, workspace_id), **fields)
        return Response({"data": analysis_json(found)})


class WorkspaceDeploy(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "workspace.deploy"}

    @Described(
        "deployWorkspace",
        "Deploy everything that is found in a folder",
        about="An operation for each service; what is skipped says why. With `with_databases` also "
        "databases that the code asks for and nobody declares.",
        body=DEPLOY_FOLDER,
        answer=Data[FolderDeployJson],
        status=202,
        refuses={
            409: ("service.busy",),
            422: (
                *LOOKING,
                "detection.nothing_deployable",
                "service.name_taken",
                *UNREADABLE,
            ),
        },
    )
    def post(self, request: Request, *, workspace_id: UUID, **_: Any) -> Response:
        fields = DEPLOY_FOLDER.read(request)
        done = deploy_folder(
            find.workspace(self.admission, workspace_id),
            folder_path=fields.get("folder_path", "/"),
            only=fields.get("only"),
            with_databases=fields.get("with_databases", False),
            name=fields.get("name", ""),
            overrides=fields.get("overrides", {}),
            options=deploy_options(fields),
            actor=self.actor,
        )
        return Response({"data": folder_deploy_json(self.admission, done)}, status=202)


def folder_deploy_json(who: Admission, done: FolderDeploy) -> FolderDeployJson:
    services = shown(find.services(who)).filter(pk__in=[row.pk for row in done.services])
    operations = operations_shown(find.operations(who)).filter(
        pk__in=[row.pk for row in done.operations]
    )
    return {
        "analysis": analysis_json(done.analysis),
        "services": [service_json(row) for row in services],
        "operations": [operation_json(row) for row in operations],
        "skipped": [{"name": name, "reason": reason} for name, reason in done.skipped],
    }
