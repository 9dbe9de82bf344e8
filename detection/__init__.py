"""Detection: folder -> Analysis -> Dockerfile. No network, and nothing of the folder runs."""

from detection.analyze import analyze
from detection.base_images import (
    BASE_IMAGES,
    BaseImage,
    BaseResolver,
    best_version,
    public_base,
    tag_version,
)
from detection.compose_out import compose_files
from detection.errors import DetectionError, NoFolderError, NotRenderableError, OverrideError
from detection.model import (
    Analysis,
    Cluster,
    DetectedDatabase,
    DetectedService,
    Edge,
    EnvironmentVariable,
    Evidence,
    FileIndicator,
    HealthCommand,
    MountedFile,
    Patterns,
    RunnerUp,
    Volume,
    to_json,
)
from detection.render import Rendered, render_dockerfile
from detection.toml_out import write_toml

__all__ = [
    "BASE_IMAGES",
    "Analysis",
    "BaseImage",
    "BaseResolver",
    "Cluster",
    "DetectedDatabase",
    "DetectedService",
    "DetectionError",
    "Edge",
    "EnvironmentVariable",
    "Evidence",
    "FileIndicator",
    "HealthCommand",
    "MountedFile",
    "NoFolderError",
    "NotRenderableError",
    "OverrideError",
    "Patterns",
    "Rendered",
    "RunnerUp",
    "Volume",
    "analyze",
    "best_version",
    "compose_files",
    "public_base",
    "render_dockerfile",
    "tag_version",
    "to_json",
    "write_toml",
]
