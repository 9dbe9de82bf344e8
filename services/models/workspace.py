"""A workspace: a named source of folders."""

import secrets
import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from services.models.encrypted import EncryptedJSONField
from services.teams.models import Team


def new_seed() -> str:
    return secrets.token_hex(32)


class StorageBackend(models.TextChoices):
    FOLDER = "folder"
    ARCHIVE = "archive"
    GIT = "git"


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, team: Team) -> "WorkspaceQuerySet":
        return self.filter(team=team)

    def keep(self, workspace: "Workspace") -> bool:
        """Until the end of the transaction it cannot be removed; False when it was already."""
        return self.select_for_update(no_key=True).filter(pk=workspace.pk).first() is not None


class Workspace(models.Model):
    """`root` is the absolute path of a registered folder, or of the copy that the platform made of
    an archive or a repository. `git_commit` is the one whose files lie there,
    `git_host_key` what its ssh server showed when it was first met (`ssh-ed25519 AAAA...`).
    `password_seed` is what the passwords of its databases are made of."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="workspaces")
    name = models.CharField(max_length=100)
    storage_backend = models.CharField(
        max_length=10, choices=StorageBackend.choices, default=StorageBackend.FOLDER
    )
    root = models.TextField(blank=True)
    git_url = models.TextField(blank=True)
    git_ref = models.CharField(max_length=250, blank=True)
    git_commit = models.CharField(max_length=64, blank=True)
    git_credential = EncryptedJSONField(default=dict)
    git_host_key = models.TextField(blank=True)
    password_seed = EncryptedJSONField(default=new_seed, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[WorkspaceQuerySet] = WorkspaceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "name"], name="one_workspace_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_copy(self) -> bool:
        return self.storage_backend != StorageBackend.FOLDER
