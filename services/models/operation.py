"""An operation: one asked-for change being carried out. These rows are the durable queue."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from services.models.service import Service
from services.teams.models import Team


class Kind(models.TextChoices):
    DEPLOY = "deploy"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    SCALE = "scale"
    ROLLBACK = "rollback"
    REMOVE = "remove"


class Queue(models.TextChoices):
    """Which workers look at it. A deploy begins in builds and moves on when it has an image."""

    BUILDS = "builds"
    LIFECYCLE = "lifecycle"


class OperationState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"


OPEN_STATES = (OperationState.QUEUED, OperationState.RUNNING)


class OperationQuerySet(models.QuerySet["Operation"]):
    def visible_to(self, team: Team) -> "OperationQuerySet":
        return self.filter(team=team)

    def open(self) -> "OperationQuerySet":
        return self.filter(state__in=OPEN_STATES)


class Operation(models.Model):
    """`params` is what was asked; `error` is {code, message, fix, ...} once it failed.

    `after` names operations that must have succeeded before this one leaves the builds queue.
    `attempts` is how often a worker took it, `unended` how many in a row were not heard of again.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="operations")
    service = models.ForeignKey(Service, models.CASCADE, related_name="operations")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    queue = models.CharField(max_length=10, choices=Queue.choices)
    state = models.CharField(
        max_length=10, choices=OperationState.choices, default=OperationState.QUEUED
    )
    params = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    after = models.JSONField(default=list)
    step = models.CharField(max_length=20, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    unended = models.PositiveIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_reason = models.CharField(max_length=20, blank=True)
    release = models.ForeignKey("services.Release", models.SET_NULL, null=True, related_name="+")
    requested_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[OperationQuerySet] = OperationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(state="running"), name="one_running_operation"
            ),
            models.UniqueConstraint(
                fields=["service"], condition=Q(state="queued"), name="one_queued_operation"
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "state", "created_at"], name="operation_queue"),
            models.Index(fields=["team", "created_at", "id"], name="operation_list"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class OperationStep(models.Model):
    """One named step of an operation: the stage bar, and where a restarted worker goes on."""

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="steps")
    name = models.CharField(max_length=20)
    position = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=10, default="pending"
    )  # running, succeeded, failed, skipped
    detail = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["operation", "name"], name="one_step_of_a_name")
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.state}"
