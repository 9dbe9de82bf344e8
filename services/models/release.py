"""A release: image, configuration and environment of one service, frozen and numbered."""

import uuid

from django.db import models
from django.utils import timezone

from services.models.encrypted import EncryptedJSONField
from services.models.service import Service


class Release(models.Model):
    """Immutable. `config` has what an instance needs beside the image and the environment;
    `fingerprint` is the hash of all three, so an unchanged deploy can be recognised. `git_commit`
    is where a workspace from git stood when the release was written."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="releases")
    number = models.PositiveIntegerField()
    image_ref = models.TextField()
    image_digest = models.TextField()
    config = models.JSONField()
    environment = EncryptedJSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    build = models.ForeignKey("services.Build", models.SET_NULL, null=True, related_name="+")
    git_commit = models.CharField(max_length=64, blank=True)
    rolled_back_from = models.PositiveIntegerField(null=True)
    created_by = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["service", "number"], name="one_release")]

    def __str__(self) -> str:
        return f"v{self.number}"
