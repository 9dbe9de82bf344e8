"""The answer to a POST with an Idempotency-Key, kept for a day to be given again."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from services.models.encrypted import EncryptedJSONField
from services.teams.models import Team

KEEP = timedelta(days=1)


class KeptAnswer(models.Model):
    """`caller` is the token or the person; without `status` the work has not ended. Encrypted,
    because the answer to a new token has that token in it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = EncryptedJSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "caller", "key"], name="one_kept_answer")
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.caller}"

    @property
    def is_over(self) -> bool:
        return timezone.now() - self.created_at > KEEP
