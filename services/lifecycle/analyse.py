"""Analyse: what lives in a folder of a workspace, kept as a row."""

from typing import Any

from django.db import transaction

import detection
from detection import Analysis as Found
from detection import DetectedService, NotRenderableError, to_json
from services import audit
from services.lifecycle.connections import shown
from services.lifecycle.plan import analyse_folder, as_service, connections_of
from services.lifecycle.workspaces import lock
from services.models import Analysis, Workspace


def analyse(
    workspace: Workspace, *, folder_path: str = "/", overrides: dict[str, Any] | None = None
) -> Analysis:
    found = analyse_folder(workspace, folder_path, overrides or {})
    with transaction.atomic():
        audit.note(workspace, action="workspace.analyze", after={"folder_path": folder_path})
        return record(workspace, folder_path, found)


def record(workspace: Workspace, folder_path: str, found: Found) -> Analysis:
    """Raises NotFoundError when the workspace was removed while its folder was looked at."""
    with transaction.atomic():
        lock(workspace)
        return Analysis.objects.create(
            team=workspace.team,
            workspace=workspace,
            folder_path=folder_path,
            result=result_json(found),
        )


def result_json(found: Found) -> dict[str, Any]:
    """Detection's JSON, and for each service the Dockerfile that would be written for it and what
    its edges give it; databases that could run beside them."""
    result: Any = to_json(found)
    for row, service in zip(result["services"], found.services, strict=True):
        row["dockerfile_content"] = _dockerfile(service)
        row["connections"] = shown(connections_of(service, found), found)
    offered = (as_service(database) for database in found.databases if not database.declared)
    result["offered_databases"] = [to_json(service) for service in offered]
    return dict(result)


def _dockerfile(service: DetectedService) -> str | None:
    try:
        return detection.render_dockerfile(service).dockerfile
    except NotRenderableError:  # a ready image, a Dockerfile of their own, or nothing known
        return None
