"""What was found in a folder, with its evidence."""

from kyozo_sdk.models.service import HealthCheckConfig, PortMapping, ResourceLimits
from kyozo_sdk.records import Record


class Evidence(Record):
    """The file and line because of which something was decided."""

    rule: str
    file: str
    detail: str
    weight: float
    line: int | None


class EnvironmentVariable(Record):
    """A variable that the code reads."""

    name: str
    required: bool
    default: str | None
    evidence: str


class HealthCommand(Record):
    """A check that is a command."""

    test: list[str]
    interval_s: float | None
    timeout_s: float | None
    retries: int | None
    start_period_s: float | None


class Volume(Record):
    """A place for data."""

    name: str
    path: str
    mode: str


class MountedFile(Record):
    """A file that is mounted."""

    source: str
    path: str


class RunnerUp(Record):
    """What it might have been instead."""

    service_type: str
    confidence: float
    why_not: str


class DetectedService(Record):
    """A service that was found, with all that is known of it."""

    name: str
    path: str
    process: str
    service_type: str
    language: str | None
    language_version: str | None
    minimum_version: str | None
    framework: str | None
    package_manager: str | None
    install_command: str | None
    build_command: str | None
    start_command: str | None
    port: int | None
    health_endpoint: str | None
    health_command: HealthCommand | None
    environment: list[EnvironmentVariable]
    confidence: float
    evidence: list[Evidence]
    runners_up: list[RunnerUp]
    dockerfile_path: str | None
    build_context: str
    build_target: str | None
    build_args: dict[str, str]
    image: str | None
    entrypoint: list[str]
    command: list[str]
    volumes: list[Volume]
    files: list[MountedFile]
    depends_on: list[str]
    published_port: int | None
    manifest_files: list[str]
    output_directory: str | None
    single_page: bool
    system_packages: list[str]
    build_facts: dict[str, str]


class DetectedDatabase(Record):
    """A database that the code asks for."""

    kind: str
    name: str
    version: str | None
    declared: bool
    image: str | None
    port: int | None
    environment: list[EnvironmentVariable]
    volumes: list[Volume]
    files: list[MountedFile]
    command: list[str]
    health_command: HealthCommand | None
    evidence: list[Evidence]


class Edge(Record):
    """Who uses whom."""

    from_: str
    to: str
    type: str
    port: int | None
    evidence: list[Evidence]


class Cluster(Record):
    """Services that belong together."""

    type: str
    members: list[str]


class Node(Record):
    """A node of the service graph."""

    id: str
    name: str
    type: str
    port: int | None
    file_path: str | None
    confidence: float


class ServiceGraph(Record):
    """Services and what connects them."""

    nodes: list[Node]
    edges: list[Edge]
    clusters: list[Cluster]


class FileIndicator(Record):
    """A file that says something."""

    file_path: str
    file_type: str
    indicators: list[str]
    confidence: float


class Patterns(Record):
    """Languages, frameworks and files, in short."""

    languages: list[str]
    frameworks: list[str]
    databases: list[str]
    services: list[str]
    deployment_files: list[str]
    config_files: list[str]


class Connection(Record):
    """A variable that leads to another service of the folder, unless somebody set it."""

    variable: str
    target: str
    value: str | None
    evidence: list[Evidence]


class RecommendedService(Record):
    """Settings that a service could be created with."""

    service_name: str
    service_type: str
    confidence: float
    port_mappings: dict[str, PortMapping]
    environment_variables: dict[str, str]
    connections: list[Connection]
    resource_limits: ResourceLimits
    health_check: HealthCheckConfig
    dockerfile_content: str | None
    is_optional: bool


class Analysis(Record):
    """What lives in a folder, and why."""

    id: str
    workspace_id: str
    folder_path: str
    detection_timestamp: str
    detected_patterns: Patterns
    service_graph: ServiceGraph
    recommended_services: list[RecommendedService]
    deployment_strategy: str
    confidence_scores: dict[str, float]
    file_indicators: list[FileIndicator]
    warnings: list[str]
    reason: str | None
    total_services_detected: int
    services: list[DetectedService]
    databases: list[DetectedDatabase]
