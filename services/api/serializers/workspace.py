"""A workspace as answers show it."""

from typing import Any

from services.models import Workspace
from services.models.times import iso


def workspace_json(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": str(workspace.id),
        "name": workspace.name,
        "storage_backend": workspace.storage_backend,
        "folder": workspace.root or None,
        "team_id": str(workspace.team_id),
        "created_at": iso(workspace.created_at),
        "updated_at": iso(workspace.updated_at),
    }
