"""Folder in, Analysis out: the order in which everything is looked at."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

from detection import graph
from detection.index import build_index
from detection.model import Analysis, DetectedService, ServiceType, Strategy
from detection.overrides import read_overrides
from detection.scene import Scene, look
from detection.summary import indicators, patterns
from detection.workers import unstarted


def analyze(folder: Path, *, overrides: Mapping[str, object] | None = None) -> Analysis:
    """What can be deployed from `folder`, and why.

    Raises NoFolderError where there is no folder and OverrideError for a bad override; whatever
    else lies inside the folder never makes it raise.
    """
    began = time.perf_counter()
    index = build_index(folder)
    scene = look(index, read_overrides(index, overrides))
    services = tuple(scene.services)
    needs = {path: s.finding.dependencies for path, s in scene.surveys.items() if s.finding}
    declared = tuple(scene.databases)
    databases = declared + graph.needed_databases(services, declared, needs)
    return Analysis(
        folder=os.fsencode(folder).decode(errors="replace"),
        service_type=_root_type(scene),
        confidence=_confidence(scene),
        services=services,
        databases=databases,
        edges=graph.edges(
            services,
            databases,
            scene.declared,
            file=scene.compose.file if scene.compose else "",
            index=index,
        ),
        clusters=graph.clusters(services, databases),
        patterns=patterns(index, services, databases, needs),
        warnings=tuple(
            dict.fromkeys((*scene.warnings, *unstarted(services, needs), *index.problems))
        ),
        reason=_reason(scene),
        deployment_strategy=_strategy(services, len(databases)),
        confidence_scores={s.name: s.confidence for s in services},
        file_indicators=indicators(services, databases),
        files_seen=index.files_seen,
        files_pruned=index.files_pruned,
        elapsed_ms=round(1000 * (time.perf_counter() - began), 2),
    )


def _root_type(scene: Scene) -> ServiceType:
    """The root's own answer; the main service's where the root has none."""
    said = next((o.type for o in reversed(scene.overrides) if o.name is None and o.type), None)
    if said:
        return said
    finding = scene.root.finding
    if scene.root.dockerfile:
        return "docker"
    is_beside = finding is None or scene.is_root_covered or finding.role in {"site", "library"}
    if scene.compose and is_beside:
        return "docker"
    main = _main(scene.services)
    if finding is None or (finding.service_type == "unknown" and main and main.path != "."):
        return main.service_type if main else "unknown"
    return finding.service_type


def _main(services: list[DetectedService]) -> DetectedService | None:
    """The service that stands for the folder: at the root, else a web one, else the first."""
    return min(
        services,
        key=lambda s: (s.path != ".", s.service_type == "unknown", s.process != "web"),
        default=None,
    )


def _confidence(scene: Scene) -> float:
    """The main service's; that there is nothing here, not even a script, is seldom wrong."""
    main = _main(scene.services)
    return main.confidence if main else 0.9


def _reason(scene: Scene) -> str | None:
    """Why nothing can be deployed, in words that say what would help."""
    if any(service.can_start for service in scene.services):
        return None
    finding = scene.root.finding
    if finding is None:
        return "no file here says what to start: add a Dockerfile, or a start command in kyozo.toml"
    if finding.service_type == "unknown":
        return f"{finding.language} is recognised but not built: add a Dockerfile"
    return (
        f"{finding.language} without anything to start: add a start command in kyozo.toml,"
        " or a Procfile"
    )


def _strategy(services: tuple[DetectedService, ...], databases: int) -> Strategy:
    startable = [service for service in services if service.can_start]
    if not startable:
        return "none"
    if len(startable) + databases > 1:
        return "docker_compose"
    return "static_site" if startable[0].service_type == "static" else "single_container"
