"""Folders with code in them."""

from kyozo_sdk.models.detection import Analysis
from kyozo_sdk.models.operations import Operation
from kyozo_sdk.models.service import Service
from kyozo_sdk.records import Record


class Git(Record):
    """Where the content of a workspace comes from."""

    url: str
    ref: str | None
    commit: str
    has_credential: bool
    host_key: str | None


class Workspace(Record):
    """A folder with code: registered, uploaded or from git."""

    id: str
    name: str
    storage_backend: str
    folder: str | None
    git: Git | None
    team_id: str
    created_at: str
    updated_at: str


class File(Record):
    """An entry of a folder."""

    name: str
    path: str
    kind: str
    size_bytes: int | None


class FileContent(Record):
    """The beginning of a file; no text where it is binary."""

    path: str
    size_bytes: int
    is_binary: bool
    is_truncated: bool
    text: str | None


class Skipped(Record):
    """What was found and not deployed."""

    name: str
    reason: str


class FolderDeploy(Record):
    """What a deploy of a folder began."""

    analysis: Analysis
    services: list[Service]
    operations: list[Operation]
    skipped: list[Skipped]


class RefreshedWorkspace(Workspace):
    """A workspace after its newest commit was fetched."""

    @property
    def is_unchanged(self) -> bool:
        """The commit is the same as before."""
        return bool(self.answer.meta.get("unchanged"))

    @property
    def operation_ids(self) -> list[str]:
        """Of the deploys that were begun."""
        return [str(found) for found in self.answer.meta.get("operation_ids") or []]
