"""A workspace as answers show it."""

from typing import Any

from services.models import StorageBackend, Workspace
from services.models.times import iso


def workspace_json(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": str(workspace.id),
        "name": workspace.name,
        "storage_backend": workspace.storage_backend,
        "folder": None if workspace.is_copy else workspace.root or None,
        "git": git_json(workspace),
        "team_id": str(workspace.team_id),
        "created_at": iso(workspace.created_at),
        "updated_at": iso(workspace.updated_at),
    }


def git_json(workspace: Workspace) -> dict[str, Any] | None:
    """Where it comes from, without what opens it."""
    if workspace.storage_backend != StorageBackend.GIT:
        return None
    return {
        "url": workspace.git_url,
        "ref": workspace.git_ref or None,
        "commit": workspace.git_commit,
        "has_credential": any(workspace.git_credential.values()),
    }
