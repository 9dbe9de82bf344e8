"""One answer to one health check."""

import uuid

from django.db import models
from django.utils import timezone

from services.models.instance import Instance
from services.models.service import Service


class HealthCheck(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="health_checks")
    instance = models.ForeignKey(Instance, models.CASCADE, null=True, related_name="+")
    check_type = models.CharField(max_length=10)
    endpoint = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=12)
    response_time_ms = models.FloatField(null=True)
    status_code = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-checked_at"]
        indexes = [models.Index(fields=["service", "-checked_at"], name="health_recent")]

    def __str__(self) -> str:
        return f"{self.status} at {self.checked_at:%H:%M:%S}"
