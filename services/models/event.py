"""Events: past tense, append-only, numbered per team without gaps in what was committed."""

import uuid

from django.db import models
from django.utils import timezone

from services.models.service import Service
from services.teams.models import Team


class TeamSequence(models.Model):
    """The team's last event number; taken by UPDATE ... RETURNING as a transaction's last write."""

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True)
    last = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.last)


class Event(models.Model):
    """`name` is the wire's: `service_status_changed` or `deployment_event`.

    `service_id` is kept without a foreign key: events outlive what they tell of.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="events")
    number = models.BigIntegerField()
    name = models.CharField(max_length=40)
    service = models.ForeignKey(
        Service, models.DO_NOTHING, null=True, db_constraint=False, related_name="events"
    )
    service_name = models.CharField(max_length=63, blank=True)
    event_type = models.CharField(max_length=40, blank=True)
    event_data = models.JSONField(default=dict)
    error_message = models.TextField(blank=True)
    error_details = models.JSONField(default=dict)
    duration_ms = models.BigIntegerField(null=True)
    triggered_by = models.CharField(max_length=150, blank=True)
    occurred_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["team", "number"], name="one_event_number")]
        indexes = [models.Index(fields=["service", "number"], name="event_service")]

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.event_type}"

    @property
    def is_good_news(self) -> bool:
        """Nothing broke, and nothing ended otherwise than it was asked for. An instance stops both
        ways: whoever publishes that it should not have gives an error."""
        has_error = bool(self.error_message or self.error_details)
        return not has_error and not self.event_type.endswith("_failed")
