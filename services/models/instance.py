"""An instance: one container that was asked for, and what was last seen of it."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from services.models.release import Release
from services.models.service import Service


class InstanceQuerySet(models.QuerySet["Instance"]):
    def alive(self) -> "InstanceQuerySet":
        """Rows whose container exists or is being made."""
        return self.filter(removed_at=None)


class Instance(models.Model):
    """The row comes before the container, so that nothing we made is ever unknown to us.

    `is_routed`: the router may name it. `is_named`: the service's name leads to it in its network,
    until `hidden_at`.
    `leaving_at`: it is on its way out and never taken back.
    `exits`: how its process ended lately, {at, exit_code, oom}, newest last. `looping_at`: since
    then we restart it and not the engine; `trouble` is what there is to say about that.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, models.CASCADE, related_name="instances")
    release = models.ForeignKey(Release, models.CASCADE, related_name="instances")
    generation = models.PositiveIntegerField()
    replica = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    network = models.CharField(max_length=120, blank=True)
    address = models.GenericIPAddressField(null=True)
    engine_id = models.CharField(max_length=100, blank=True)
    host_ports = models.JSONField(default=dict)

    state = models.CharField(max_length=12, default="created")
    health = models.CharField(max_length=12, default="starting")
    good_answers = models.PositiveIntegerField(default=0)
    last_probe = models.TextField(blank=True)
    misses = models.PositiveIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    is_oom_killed = models.BooleanField(default=False)
    restarts = models.PositiveIntegerField(default=0)
    last_lines = models.TextField(blank=True)
    exits = models.JSONField(default=list)
    looping_at = models.DateTimeField(null=True)
    trouble = models.JSONField(default=dict)

    is_gated = models.BooleanField(default=False)
    is_routed = models.BooleanField(default=False)
    is_named = models.BooleanField(default=False)
    hidden_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    leaving_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField(null=True)

    objects: ClassVar[InstanceQuerySet] = InstanceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["generation", "replica"]
        constraints = [
            models.UniqueConstraint(
                fields=["service", "generation", "replica"],
                condition=Q(removed_at=None),
                name="one_instance_of_a_name",
            ),
            models.UniqueConstraint(
                fields=["network", "address"],
                condition=Q(removed_at=None, address__isnull=False),
                name="one_instance_at_an_address",
            ),
        ]

    def __str__(self) -> str:
        return self.name
