"""The audit log: who did what to which object, from where, and what was set. Rows only arrive."""

import uuid
from datetime import datetime
from typing import Any, ClassVar, NoReturn

from django.db import models
from django.utils import timezone

from services.teams.models import Team


class AppendOnlyError(TypeError):
    """Code tried to change or remove what was written down: a mistake in the code."""

    def __init__(self) -> None:
        super().__init__("entries of the audit log are neither changed nor removed")


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    def update(self, **_: Any) -> NoReturn:
        raise AppendOnlyError

    def delete(self) -> NoReturn:
        raise AppendOnlyError

    def forget(self, *, older_than: datetime) -> int:
        """The one exception, for retention: what is older than it has to be kept."""
        return models.QuerySet.delete(self.filter(at__lt=older_than))[0]


class AuditEntry(models.Model):
    """Users, tokens and objects are named without foreign keys: the entry outlives them.

    Without a user the platform itself did it. `before` and `after` hold what differs.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now, editable=False)
    action = models.CharField(max_length=40)
    kind = models.CharField(max_length=20)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=200, blank=True)
    user_id = models.BigIntegerField(null=True)
    user_name = models.CharField(max_length=150, blank=True)
    token_id = models.UUIDField(null=True)
    token_prefix = models.CharField(max_length=16, blank=True)
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects: ClassVar[AuditQuerySet] = AuditQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["team", "-at", "-id"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action} {self.object_name}"

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AppendOnlyError
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise AppendOnlyError
