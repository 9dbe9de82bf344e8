"""One measured figure of one instance."""

import uuid

from django.db import models
from django.utils import timezone

from services.models.instance import Instance
from services.models.service import Service


class Metric(models.Model):
    """`metric_type` is a word of docs/api.md (cpu_percent, memory_usage_bytes, ...)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="metrics")
    instance = models.ForeignKey(Instance, models.CASCADE, null=True, related_name="+")
    metric_type = models.CharField(max_length=30)
    value = models.FloatField()
    unit = models.CharField(max_length=12)
    collected_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-collected_at"]
        indexes = [models.Index(fields=["service", "-collected_at"], name="metric_recent")]

    def __str__(self) -> str:
        return f"{self.metric_type}={self.value:g} {self.unit}"
