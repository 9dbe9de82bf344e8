"""What was found in a folder at one moment."""

import uuid

from django.db import models
from django.utils import timezone

from services.models.workspace import Workspace
from services.teams.models import Team


class Analysis(models.Model):
    """`result` is detection's JSON (docs/detection.md), kept whole."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE)
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="analyses")
    folder_path = models.TextField()
    result = models.JSONField()
    detection_timestamp = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "analyses"

    def __str__(self) -> str:
        return f"{self.folder_path} at {self.detection_timestamp:%Y-%m-%d %H:%M}"
