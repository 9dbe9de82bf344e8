"""A workspace as answers show it."""

from typing import Annotated, TypedDict

from services.api.answers import Id, Instant, words
from services.models import StorageBackend, Workspace
from services.models.times import iso
from services.sources.git_ssh import fingerprint
from services.sources.listing import Kind

Backend = Annotated[str, words(StorageBackend.values)]


class GitJson(TypedDict):
    """Where it comes from, without what opens it."""

    url: str
    ref: str | None
    commit: str
    has_credential: bool
    host_key: Annotated[str | None, "Fingerprint of the key that its ssh server must show."]


class WorkspaceJson(TypedDict):
    id: Id
    name: str
    storage_backend: Backend
    folder: Annotated[str | None, "On the platform's machine; null where it keeps a copy."]
    git: GitJson | None
    team_id: Id
    created_at: Instant
    updated_at: Instant


class RefreshMetaJson(TypedDict):
    unchanged: bool
    operation_ids: list[Id]


class RefreshedJson(TypedDict):
    data: WorkspaceJson
    meta: RefreshMetaJson


class FileJson(TypedDict):
    name: str
    path: str
    kind: Kind
    size_bytes: Annotated[int | None, "Of files."]


class FileContentJson(TypedDict):
    path: str
    size_bytes: int
    is_binary: bool
    is_truncated: bool
    text: Annotated[str | None, "The first 256 KiB; null where it is binary."]


def workspace_json(workspace: Workspace) -> WorkspaceJson:
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


def git_json(workspace: Workspace) -> GitJson | None:
    if workspace.storage_backend != StorageBackend.GIT:
        return None
    return {
        "url": workspace.git_url,
        "ref": workspace.git_ref or None,
        "commit": workspace.git_commit,
        "has_credential": any(workspace.git_credential.values()),
        "host_key": fingerprint(workspace.git_host_key) or None,
    }
