"""A build: one attempt to make an image, and its log in numbered chunks."""

import uuid

from django.db import models
from django.utils import timezone

from services.models.operation import Operation
from services.models.service import Service


class BuildState(models.TextChoices):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Build(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="builds")
    operation = models.ForeignKey(Operation, models.CASCADE, related_name="builds")
    state = models.CharField(max_length=10, choices=BuildState.choices, default=BuildState.RUNNING)
    dockerfile = models.TextField(blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    image_ref = models.TextField(blank=True)
    image_digest = models.TextField(blank=True)
    is_cached = models.BooleanField(default=False)
    size_bytes = models.BigIntegerField(null=True)
    failure = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["started_at", "id"], name="build_list")]

    def __str__(self) -> str:
        return f"{self.content_hash[:12]} {self.state}"


class LogChunk(models.Model):
    """Some lines of a build's log, masked, in order of `number`."""

    build = models.ForeignKey(Build, models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["build", "number"], name="one_chunk")]

    def __str__(self) -> str:
        return f"chunk {self.number}"
