"""What an analysis says: services, databases, edges, and the evidence for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal

ServiceType = Literal[
    "nodejs",
    "python",
    "golang",
    "rust",
    "java",
    "ruby",
    "php",
    "docker",
    "static",
    "database",
    "unknown",
]
EdgeType = Literal["depends_on", "connects_to", "volumes_from"]
ClusterType = Literal["microservice", "database", "cache", "queue"]
Strategy = Literal["single_container", "docker_compose", "static_site", "none"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason: which rule saw what, where, and how much it counts (negative: against)."""

    rule: str
    file: str
    detail: str
    weight: float = 0.0
    line: int | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    name: str
    required: bool = False
    default: str | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """A type that was considered and lost."""

    service_type: ServiceType
    confidence: float
    why_not: str


@dataclass(frozen=True, slots=True)
class Volume:
    """Storage that outlives a container, by its name in compose or made from its path."""

    name: str
    path: str
    mode: Literal["ro", "rw"] = "rw"


@dataclass(frozen=True, slots=True)
class MountedFile:
    """A file or folder of the analysed folder, and where a container expects it."""

    source: str
    path: str


@dataclass(frozen=True, slots=True)
class HealthCommand:
    """A check that the container itself runs, as compose wrote it."""

    test: tuple[str, ...]
    interval_s: float | None = None
    timeout_s: float | None = None
    retries: int | None = None
    start_period_s: float | None = None


@dataclass(frozen=True, slots=True)
class DetectedService:
    """One process to run, with everything needed to build and start it.

    Exactly one of three builds it: a ready `image`, the person's own `dockerfile_path` (relative to
    the analysed folder), or a Dockerfile that `render_dockerfile` writes. `build_context` is the
    folder sent to the build, also relative to the analysed folder.
    """

    name: str
    path: str = "."
    process: str = "web"
    service_type: ServiceType = "unknown"
    language: str | None = None
    language_version: str | None = None
    minimum_version: str | None = None
    framework: str | None = None
    package_manager: str | None = None
    install_command: str | None = None
    build_command: str | None = None
    start_command: str | None = None
    port: int | None = None
    health_endpoint: str | None = None
    health_command: HealthCommand | None = None
    environment: tuple[EnvironmentVariable, ...] = ()
    confidence: float = 0.0
    evidence: tuple[Evidence, ...] = ()
    runners_up: tuple[RunnerUp, ...] = ()
    dockerfile_path: str | None = None
    build_context: str = "."
    build_target: str | None = None
    build_args: Mapping[str, str] = field(default_factory=dict)
    image: str | None = None
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    files: tuple[MountedFile, ...] = ()
    depends_on: tuple[str, ...] = ()
    published_port: int | None = None
    manifest_files: tuple[str, ...] = ()
    output_directory: str | None = None
    single_page: bool = False
    system_packages: tuple[str, ...] = ()
    build_facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def can_start(self) -> bool:
        if self.image or self.dockerfile_path:
            return True
        starts = self.start_command or self.output_directory
        return bool(starts) and self.service_type != "unknown"


@dataclass(frozen=True, slots=True)
class DetectedDatabase:
    """A database that is declared (compose) or that the code asks for (`declared` false)."""

    kind: str
    name: str
    version: str | None = None
    declared: bool = False
    image: str | None = None
    port: int | None = None
    environment: tuple[EnvironmentVariable, ...] = ()
    volumes: tuple[Volume, ...] = ()
    files: tuple[MountedFile, ...] = ()
    command: tuple[str, ...] = ()
    health_command: HealthCommand | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    source: str = field(metadata={"json": "from"})
    target: str = field(metadata={"json": "to"})
    type: EdgeType = "connects_to"
    port: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Cluster:
    type: ClusterType
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Patterns:
    languages: tuple[str, ...] = ()
    frameworks: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    deployment_files: tuple[str, ...] = ()
    config_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileIndicator:
    file_path: str
    file_type: str
    indicators: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Analysis:
    """The whole answer for one folder."""

    folder: str
    service_type: ServiceType
    confidence: float
    services: tuple[DetectedService, ...] = ()
    databases: tuple[DetectedDatabase, ...] = ()
    edges: tuple[Edge, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    patterns: Patterns = Patterns()
    warnings: tuple[str, ...] = ()
    reason: str | None = None
    deployment_strategy: Strategy = "none"
    confidence_scores: Mapping[str, float] = field(default_factory=dict)
    file_indicators: tuple[FileIndicator, ...] = ()
    files_seen: int = 0
    files_pruned: int = 0
    elapsed_ms: float = 0.0

    @property
    def is_deployable(self) -> bool:
        """Whether anything here can be started, and not only recognised."""
        return any(service.can_start for service in self.services)


def to_json(value: object) -> object:
    """Plain lists, dicts and scalars of any of the classes above, keys in snake_case."""
    if is_dataclass(value):
        return {
            str(f.metadata.get("json", f.name)): to_json(getattr(value, f.name))
            for f in fields(value)
        }
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    return value
