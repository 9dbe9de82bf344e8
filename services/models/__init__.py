"""Facts: one noun a file, its querysets beside it. Rows know only rules about themselves."""

from services.models.analysis import Analysis
from services.models.audit import AppendOnlyError, AuditEntry
from services.models.build import Build, BuildState, LogChunk
from services.models.event import Event, TeamSequence
from services.models.health_check import HealthCheck
from services.models.host_port import HostPort
from services.models.image_mapping import ImageMapping
from services.models.instance import Instance
from services.models.kept_answer import KeptAnswer
from services.models.metric import Metric
from services.models.operation import Kind, Operation, OperationState, OperationStep, Queue
from services.models.pulled_image import PulledImage
from services.models.release import Release
from services.models.rollout import Outcome, Phase, Rollout, Strategy
from services.models.service import Service, Status, WantedState
from services.models.team_network import TeamNetwork
from services.models.workspace import StorageBackend, Workspace

__all__ = [
    "Analysis",
    "AppendOnlyError",
    "AuditEntry",
    "Build",
    "BuildState",
    "Event",
    "HealthCheck",
    "HostPort",
    "ImageMapping",
    "Instance",
    "KeptAnswer",
    "Kind",
    "LogChunk",
    "Metric",
    "Operation",
    "OperationState",
    "OperationStep",
    "Outcome",
    "Phase",
    "PulledImage",
    "Queue",
    "Release",
    "Rollout",
    "Service",
    "Status",
    "StorageBackend",
    "Strategy",
    "TeamNetwork",
    "TeamSequence",
    "WantedState",
    "Workspace",
]
