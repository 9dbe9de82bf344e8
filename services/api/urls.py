"""Routes of the REST face."""

from typing import Any
from uuid import UUID

from django.urls import URLPattern, URLResolver, include, path, re_path, register_converter

from services.api import (
    audit,
    builds,
    clean,
    env,
    errors,
    events,
    files,
    git,
    health,
    image_mappings,
    invitations,
    lifecycle,
    logs,
    me,
    members,
    monitoring,
    operations,
    service,
    teams,
    tokens,
    uploads,
    workspaces,
)
from services.api.openapi.views import openapi_json
from services.teams.policy import as_uuid

Routes = list[URLPattern | URLResolver]

NOBODY = UUID(int=0)


class IdConverter:
    """An id in an address. What is no id names nothing, and so gets the same 404."""

    regex = "[^/]+"

    def to_python(self, value: str) -> UUID:
        return as_uuid(value) or NOBODY

    def to_url(self, value: UUID) -> str:
        return str(value)


class UserConverter(IdConverter):
    """People are numbered, and any other word is nobody."""

    def to_python(self, value: str) -> Any:
        is_number = value.isascii() and value.isdecimal() and len(value) < 19
        return int(value) if is_number else 0


register_converter(IdConverter, "key")
register_converter(UserConverter, "user")

one_service: Routes = [
    path("", service.ServiceDetail.as_view()),
    path("/start", lifecycle.Start.as_view()),
    path("/stop", lifecycle.Stop.as_view()),
    path("/restart", lifecycle.Restart.as_view()),
    path("/scale", lifecycle.Scale.as_view()),
    path("/deploy", lifecycle.Deploy.as_view()),
    path("/rollback", lifecycle.Rollback.as_view()),
    path("/status", monitoring.ServiceStatus.as_view()),
    path("/logs", logs.ServiceLogs.as_view()),
    path("/health", monitoring.ServiceHealth.as_view()),
    path("/metrics", monitoring.ServiceMetrics.as_view()),
    path("/releases", service.ReleaseList.as_view()),
    path("/releases/<int:number>/diff", service.ReleaseDiff.as_view()),
    path("/env", env.Environment.as_view()),
]
one_workspace: Routes = [
    path("", workspaces.WorkspaceDetail.as_view()),
    path("/analyze", workspaces.WorkspaceAnalyze.as_view()),
    path("/services", workspaces.WorkspaceServices.as_view()),
    path("/deploy", workspaces.WorkspaceDeploy.as_view()),
    path("/archive", uploads.Archive.as_view()),
    path("/refresh", git.Refresh.as_view()),
    path("/files", files.FileList.as_view()),
    path("/files/content", files.FileContent.as_view()),
]
one_team: Routes = [
    path("", teams.TeamDetail.as_view()),
    path("/leave", teams.Leave.as_view()),
    path("/services", service.ServiceList.as_view()),
    path("/services/<key:service_id>", include(one_service)),
    path("/workspaces", workspaces.WorkspaceList.as_view()),
    path("/workspaces/archive", uploads.NewArchive.as_view()),
    path("/workspaces/git", git.NewGit.as_view()),
    path("/workspaces/<key:workspace_id>", include(one_workspace)),
    path("/operations", operations.OperationList.as_view()),
    path("/operations/<key:operation_id>", operations.OperationDetail.as_view()),
    path("/operations/<key:operation_id>/cancel", operations.OperationCancel.as_view()),
    path("/builds", builds.BuildList.as_view()),
    path("/builds/<key:build_id>", builds.BuildDetail.as_view()),
    path("/builds/<key:build_id>/log", builds.BuildLog.as_view()),
    path("/events", events.EventList.as_view()),
    path("/tokens", tokens.TokenList.as_view()),
    path("/tokens/<key:token_id>", tokens.TokenDetail.as_view()),
    path("/members", members.MemberList.as_view()),
    path("/members/<user:user_id>", members.MemberDetail.as_view()),
    path("/invitations", invitations.InvitationList.as_view()),
    path("/invitations/<key:invitation_id>", invitations.InvitationDetail.as_view()),
    path("/audit", audit.AuditLog.as_view()),
    path("/clean", clean.CleanUp.as_view()),
    path("/image-mappings", image_mappings.ImageMappings.as_view()),
]
urlpatterns: Routes = [
    path("teams", teams.TeamList.as_view()),
    path("teams/<key:team_id>", include(one_team)),
    path("invitations/accept", invitations.Accept.as_view()),
    path("me", me.Me.as_view()),
    path("sign-in-links", me.SignInLinks.as_view()),
    path("openapi.json", openapi_json, name="openapi"),
    path("health/live", health.Live.as_view()),
    path("health/ready", health.Ready.as_view()),
    re_path("", errors.not_found),
]
