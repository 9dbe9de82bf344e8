"""Analyse: what lives in a folder of a workspace, kept as a row."""

from typing import Any

from detection import to_json
from services.lifecycle.plan import analyse_folder
from services.models import Analysis, Workspace


def analyse(
    workspace: Workspace, *, folder_path: str = "/", overrides: dict[str, Any] | None = None
) -> Analysis:
    found = analyse_folder(workspace, folder_path, overrides or {})
    return Analysis.objects.create(
        team=workspace.team,
        workspace=workspace,
        folder_path=folder_path,
        result=to_json(found),
    )
