"""One table with about as many fields as a service shows, and one that it leads to."""

import uuid

from django.db import models


class Group(models.Model):  # noqa: DJ008 - nobody prints one
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=100, unique=True)
    storage_backend = models.CharField(max_length=20, default="folder")

    # Written out: the type checker reads the platform's settings, where this app is not.
    objects: models.Manager["Group"] = models.Manager()

    class Meta:
        app_label = "plain"


class Item(models.Model):  # noqa: DJ008
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=100, unique=True)
    group = models.ForeignKey(Group, on_delete=models.CASCADE)
    service_type = models.CharField(max_length=20, default="python")
    status = models.CharField(max_length=20, default="running")
    deployment_status = models.CharField(max_length=20, default="succeeded")
    health_status = models.CharField(max_length=20, default="healthy")
    folder_path = models.CharField(max_length=500, default="/")
    detection_confidence = models.FloatField(default=0.97)
    replica_count = models.IntegerField(default=1)
    is_active = models.BooleanField(default=True)
    environment = models.JSONField(default=dict)
    deployment_config = models.JSONField(default=dict)
    resource_limits = models.JSONField(default=dict)
    health_check = models.JSONField(default=dict)
    port_mappings = models.JSONField(default=list)
    scaling_config = models.JSONField(default=dict)
    build_config = models.JSONField(default=dict)
    volumes = models.JSONField(default=list)
    depends_on = models.JSONField(default=list)
    overrides = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    urls = models.JSONField(default=list)
    process = models.CharField(max_length=20, default="web")
    container_id = models.CharField(max_length=64, default="")
    image_id = models.CharField(max_length=80, default="")
    release = models.IntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_deployed_at = models.DateTimeField(null=True)
    last_started_at = models.DateTimeField(null=True)
    last_stopped_at = models.DateTimeField(null=True)
    last_health_check_at = models.DateTimeField(null=True)

    objects: models.Manager["Item"] = models.Manager()

    class Meta:
        app_label = "plain"
        indexes = [models.Index(fields=["created_at"])]
