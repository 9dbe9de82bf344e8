"""A service: a folder that should run. Wanted state and observed state are separate columns."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import cached_property

from services.models.encrypted import EncryptedJSONField
from services.models.workspace import Workspace
from services.teams.models import Team

if TYPE_CHECKING:
    from services.models.host_port import HostPort
    from services.models.instance import Instance


class Status(models.TextChoices):
    """The wire's words; docs/status.md has the table that computes them."""

    DETECTING = "detecting"
    PENDING = "pending"
    BUILDING = "building"
    DEPLOYING = "deploying"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    RESTARTING = "restarting"
    SCALING = "scaling"
    ERROR = "error"
    UNKNOWN = "unknown"


class WantedState(models.TextChoices):
    NEW = "new"
    RUNNING = "running"
    STOPPED = "stopped"
    REMOVED = "removed"


class ServiceQuerySet(models.QuerySet["Service"]):
    def visible_to(self, team: Team | uuid.UUID) -> "ServiceQuerySet":
        """A removed service is gone for everyone at once, while its removal still runs."""
        return self.filter(team=team).exclude(wanted_state=WantedState.REMOVED)

    def locked(self) -> "ServiceQuerySet":
        """Nobody else writes these rows until the transaction ends. What points to them is still
        written: who holds a row of that and waits here, while the holder of the lock waits there,
        would be a deadlock, and nobody changes the keys."""
        return self.select_for_update(no_key=True)


def one_replica() -> dict[str, Any]:
    return {"min_replicas": 1, "max_replicas": 10, "auto_scaling_enabled": False}


class Service(models.Model):
    """`source_name` is what detection called it in the folder `detected_in`: the same folder
    deployed again finds the same row. `plan` is that DetectedService's JSON.

    `generation` counts the sets of instances: each rollout makes a new one, so old and new can run
    side by side. `fence` and `lease_until` are the claim (services/lifecycle/claims.py).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="services")
    workspace = models.ForeignKey(Workspace, models.CASCADE, related_name="services")
    name = models.CharField(max_length=63)
    source_name = models.CharField(max_length=200, blank=True)
    folder_path = models.TextField(default="/")
    detected_in = models.TextField(default="/")
    service_type = models.CharField(max_length=20, default="unknown")
    process = models.CharField(max_length=20, default="web")
    detection_confidence = models.FloatField(null=True)
    plan = models.JSONField(default=dict)
    overrides = models.JSONField(default=dict)
    depends_on = models.JSONField(default=list)

    deployment_config = models.JSONField(default=dict)
    port_mappings = models.JSONField(default=dict)
    volume_mounts = models.JSONField(default=dict)
    environment = EncryptedJSONField(default=dict)
    secret_names = models.JSONField(default=list)
    resource_limits = models.JSONField(default=dict)
    health_check_config = models.JSONField(default=dict)
    scaling_config = models.JSONField(default=one_replica)
    has_pending_changes = models.BooleanField(default=False)

    wanted_state = models.CharField(
        max_length=10, choices=WantedState.choices, default=WantedState.NEW
    )
    wanted_release = models.ForeignKey(
        "services.Release", models.SET_NULL, null=True, related_name="+"
    )
    wanted_replicas = models.PositiveIntegerField(default=1)
    generation = models.PositiveIntegerField(default=0)

    fence = models.BigIntegerField(default=0)
    claimed_by = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    status_reason = models.TextField(blank=True)
    status_detail = models.JSONField(default=dict)
    deployment_status = models.TextField(blank=True)
    health = models.CharField(max_length=12, default="unknown")
    current_replicas = models.PositiveIntegerField(default=0)
    observed_at = models.DateTimeField(null=True)

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    deployed_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)

    objects: ClassVar[ServiceQuerySet] = ServiceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "name"],
                condition=~Q(wanted_state="removed"),
                name="one_service_name",
            )
        ]
        indexes = [models.Index(fields=["team", "created_at", "id"], name="service_list")]

    def __str__(self) -> str:
        return self.name

    @property
    def engine_name(self) -> str:
        """The name instances begin with; unique although names may be used again."""
        return f"kyozo-{self.name}-{self.id.hex[:8]}"

    @property
    def is_removed(self) -> bool:
        return self.wanted_state == WantedState.REMOVED

    @cached_property
    def given_ports(self) -> "list[HostPort]":
        """Read once; those of a page of services at once (`services.api.serializers`)."""
        return list(self.host_ports.all())

    @cached_property
    def living_instances(self) -> "list[Instance]":
        """As `given_ports`."""
        return list(self.instances.alive())

    @property
    def secrets(self) -> dict[str, str]:
        """The values that must never be shown or logged."""
        return {k: v for k, v in self.environment.items() if k in self.secret_names}
