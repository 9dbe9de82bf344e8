"""A rollout: one change from a generation of instances to the next, and how far it has come."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from services.models.release import Release
from services.models.service import Service, WantedState


class Phase(models.TextChoices):
    STARTING = "starting"
    GATING = "gating"
    SWITCHED = "switched"
    SETTLING = "settling"
    DRAINING = "draining"
    REVERTING = "reverting"
    DONE = "done"


class Outcome(models.TextChoices):
    OPEN = ""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Strategy(models.TextChoices):
    """rolling: old and new side by side. recreate: old ends first (one writer, fixed raw ports)."""

    ROLLING = "rolling"
    RECREATE = "recreate"


class Rollout(models.Model):
    service = models.ForeignKey(Service, models.CASCADE, related_name="rollouts")
    strategy = models.CharField(max_length=10, choices=Strategy.choices, default=Strategy.ROLLING)
    from_release = models.ForeignKey(Release, models.SET_NULL, null=True, related_name="+")
    from_generation = models.PositiveIntegerField(null=True)
    from_state = models.CharField(
        max_length=10, choices=WantedState.choices, default=WantedState.NEW
    )
    to_release = models.ForeignKey(Release, models.CASCADE, related_name="+")
    to_generation = models.PositiveIntegerField()
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.STARTING)
    outcome = models.CharField(
        max_length=10, choices=Outcome.choices, default=Outcome.OPEN, blank=True
    )
    failure = models.JSONField(default=dict)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    phase_at = models.DateTimeField(default=timezone.now)
    switched_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=~Q(phase="done"), name="one_open_rollout"
            )
        ]

    def __str__(self) -> str:
        return f"{self.from_generation} -> {self.to_generation}: {self.phase}"
