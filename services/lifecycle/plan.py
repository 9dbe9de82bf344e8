"""From an analysis to the services that Kyozo runs: one shape for apps and databases, in order."""

import graphlib
import posixpath
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from django.conf import settings

from detection import Analysis, DetectedDatabase, DetectedService
from detection.connections import Connection, connections
from services.errors import InvalidError
from services.lifecycle import detector
from services.lifecycle.connections import declared_names
from services.lifecycle.proposals import proposed
from services.models import Service, Workspace
from services.models.config import is_mountable
from services.sources.roots import resolve_folder

RUN_TODAY = frozenset({"web", "worker", "database"})


@dataclass(frozen=True, slots=True)
class PlannedService(DetectedService):
    """With what its edges give it; `database_kind` is for databases only."""

    database_kind: str = ""
    connections: tuple[Connection, ...] = ()


def folder_of(workspace: Workspace, folder_path: str) -> Path:
    """The real folder of a path in a workspace; never outside it, links included."""
    root = Path(workspace.root)
    path = str(root / folder_path.lstrip("/"))
    # Our own copies lie in the state folder; nothing else in there is anybody's project.
    state_dir = None if workspace.is_copy else settings.KYOZO["HOME"]
    return resolve_folder(path, roots=[root], state_dir=state_dir)


def analyse_folder(
    workspace: Workspace,
    folder_path: str,
    overrides: dict[str, Any],
    *,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Analysis:
    """Detection's answer, with its errors as ours."""
    folder = folder_of(workspace, folder_path)
    return detector.analyze(folder, overrides=overrides, is_cancelled=is_cancelled)


def planned(analysis: Analysis, *, asked: Collection[str] = ()) -> list[PlannedService]:
    """Everything that could run, dependencies first. Of the databases that nobody declares, only
    those that are `asked` for by name."""
    databases = (db for db in analysis.databases if db.declared or db.name in asked)
    found = [
        *(_with_connections(service, analysis) for service in analysis.services),
        *map(as_service, databases),
    ]
    by_name = {service.name: service for service in found}
    wanted = {s.name: [n for n in needs(s, analysis) if n in by_name] for s in found}
    try:
        order = list(graphlib.TopologicalSorter(wanted).static_order())
    except graphlib.CycleError:
        order = list(by_name)  # services that wait for each other start side by side
    return [by_name[name] for name in order]


def needs(service: DetectedService, analysis: Analysis) -> list[str]:
    """What must be healthy before it starts: as declared, and what it connects to by the graph."""
    databases = {db.name for db in analysis.databases}
    by_edge = [
        edge.target
        for edge in analysis.edges
        if edge.source == service.name and (edge.type == "depends_on" or edge.target in databases)
    ]
    return list(dict.fromkeys([*service.depends_on, *by_edge]))


def connections_of(service: DetectedService, analysis: Analysis) -> tuple[Connection, ...]:
    return connections(service, analysis, declared=declared_names(service))


def _with_connections(service: DetectedService, analysis: Analysis) -> PlannedService:
    found = connections_of(service, analysis)
    known = {field.name: getattr(service, field.name) for field in fields(service)}
    return PlannedService(**known, connections=found)


def as_service(database: DetectedDatabase) -> PlannedService:
    """A database as a service that runs a ready image."""
    if not database.declared:
        database = proposed(database)
    return PlannedService(
        name=database.name,
        database_kind=database.kind,
        process="database",
        service_type="database",
        image=database.image,
        port=database.port,
        environment=database.environment,
        volumes=database.volumes,
        files=database.files,
        command=database.command,
        health_command=database.health_command,
        confidence=1.0,
        evidence=database.evidence,
    )


def find(analysis: Analysis, service: Service) -> PlannedService:
    """The plan of one service, as its folder says today. What somebody had deployed is asked for;
    another thing that lives here now does not take the place of a database."""
    rows = planned(analysis, asked=(service.source_name,))
    named = next((row for row in rows if row.name == service.source_name), None)
    chosen = named or (_only(rows) if service.process != "database" else None)
    if chosen is None:
        raise nothing_deployable(analysis, rows)
    return chosen


def only_service(
    workspace: Workspace, folder_path: str, overrides: dict[str, Any]
) -> PlannedService:
    """What a service that somebody describes runs: the one thing in its folder, or its web part."""
    analysis = analyse_folder(workspace, folder_path, overrides)
    rows = planned(analysis)
    deployable = [row for row in rows if why_not(row) is None]
    if not deployable:
        raise nothing_deployable(analysis, rows)
    web = [row for row in deployable if row.process == "web"]
    if len(web or deployable) > 1:
        names = ", ".join(row.name for row in deployable)
        raise InvalidError(
            f"several services live in {folder_path}: {names}",
            details={"folder_path": [f"several services: {names}"]},
            fix="name the folder of one of them, or deploy the workspace",
        )
    return (web or deployable)[0]


def _only(rows: Iterable[PlannedService]) -> PlannedService | None:
    deployable = [row for row in rows if why_not(row) is None]
    return deployable[0] if len(deployable) == 1 else None


def why_not(service: DetectedService) -> str | None:
    """Why a detected service cannot be deployed; None when it can."""
    if service.process not in RUN_TODAY:
        return f"processes of kind {service.process} are not run yet"
    if service.service_type == "unknown" and not service.can_start:
        language = service.language or "this language"
        return f"{language} is not supported yet: add a Dockerfile"
    if not service.can_start:
        return "no start command was found: say one with --start or in kyozo.toml"
    if covered := [v.path for v in service.volumes if not is_mountable(posixpath.normpath(v.path))]:
        return f"a volume at {covered[0]} would hide what the container runs on"
    return None


def nothing_deployable(analysis: Analysis, rows: Iterable[DetectedService]) -> InvalidError:
    reasons = [f"{row.name}: {reason}" for row in rows if (reason := why_not(row))]
    why = analysis.reason or "; ".join(reasons) or "no service was found"
    return InvalidError(
        f"nothing deployable: {why}",
        code="detection.nothing_deployable",
        details={"folder_path": [why]},
        fix="add a Dockerfile or a kyozo.toml; `kyozo analyze FOLDER` shows what was looked at",
    )
