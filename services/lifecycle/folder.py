"""Deploying a folder: every service found in it, in dependency order, in one call."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from django.db import IntegrityError, transaction

from services import audit
from services.errors import BadRequestError, InvalidError
from services.lifecycle import plan
from services.lifecycle.analyse import record
from services.lifecycle.connections import give_passwords
from services.lifecycle.deploy import DeployOptions, apply_plan, deploy
from services.lifecycle.plan import PlannedService
from services.lifecycle.workspaces import lock_with_services, slug
from services.models import Analysis, Operation, Service, Workspace
from services.models.changes import difference, settings_of, what_is_set
from services.teams.models import Team


@dataclass(slots=True)
class FolderDeploy:
    """`skipped` has what was found and not deployed, as (name, reason)."""

    analysis: Analysis
    services: list[Service] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def deploy_folder(  # noqa: PLR0913 - what the command and the API offer, each by its name
    workspace: Workspace,
    *,
    actor: str,
    folder_path: str = "/",
    only: list[str] | None = None,
    with_databases: bool = False,
    name: str = "",
    overrides: dict[str, Any] | None = None,
    options: DeployOptions | None = None,
) -> FolderDeploy:
    """Create what is new, keep what is there, queue a deploy for each. `overrides` and `name` are
    for a folder with one service; raises `InvalidError` when nothing here can run. A database that
    the code asks for and nobody declares is deployed if it is named in `only`, was deployed before,
    or `with_databases` says so."""
    found = plan.analyse_folder(workspace, folder_path, overrides or {})
    result = FolderDeploy(record(workspace, folder_path, found))
    offered = {database.name for database in found.databases if not database.declared}
    asked = offered if with_databases else offered & _wanted(workspace, folder_path, only or [])
    names = only and [*only, *(asked if with_databases else ())]
    _refuse_unknown(plan.planned(found, asked=offered), only or [])
    chosen = _choose(plan.planned(found, asked=asked), names, result)
    if not chosen:
        raise plan.nothing_deployable(found, plan.planned(found))
    if name and len(chosen) > 1:
        raise InvalidError(
            f"{len(chosen)} services live here: one name cannot be given to all",
            details={"name": ["choose one service with `only` as well"]},
        )
    with transaction.atomic():
        lock_with_services(workspace)
        audit.note(workspace, action="workspace.deploy", after={"folder_path": folder_path})
        queued: dict[str, Operation] = {}
        for row in chosen:
            service = _service(workspace, folder_path, row, name=name)
            _remember(service, row, overrides)
            needs = [n for n in plan.needs(row, found) if n in queued]
            queued[row.name] = deploy(
                service, actor=actor, options=options, after=[queued[n] for n in needs]
            )
            result.services.append(service)
            result.operations.append(queued[row.name])
        result.skipped += _not_asked(offered - asked, chosen, result.services)
        _warn_of_namesakes(result)
    return result


def _wanted(workspace: Workspace, folder_path: str, only: list[str]) -> set[str]:
    """What is named now, and what was deployed here before."""
    here = Service.objects.visible_to(workspace.team).filter(
        workspace=workspace, detected_in=folder_path
    )
    return {*only, *here.values_list("source_name", flat=True)}


def _not_asked(
    names: set[str], rows: list[PlannedService], services: list[Service]
) -> list[tuple[str, str]]:
    """Databases that something deployed here wants to reach, unless a person said where one is."""
    missed: dict[str, str] = {}
    for row, service in zip(rows, services, strict=True):
        wants = [one for one in row.connections if one.target in names]
        for target in {one.target for one in wants}:
            variables = [one.variable for one in wants if one.target == target]
            if not set(variables) & set(service.environment):
                missed.setdefault(
                    target,
                    f"{service.name} reads {variables[0]}, and nothing here declares a database: "
                    "deploy with --with-databases (with_databases) to have one, or set "
                    f"{variables[0]} to one that you have",
                )
    return sorted(missed.items())


def _refuse_unknown(rows: list[PlannedService], only: list[str]) -> None:
    if unknown := sorted(set(only) - {row.name for row in rows}):
        names = ", ".join(row.name for row in rows)
        raise InvalidError(
            f"no service called {', '.join(unknown)} was found; there are: {names}",
            details={"only": [f"unknown: {', '.join(unknown)}"]},
        )


def _choose(
    rows: list[PlannedService], only: list[str] | None, result: FolderDeploy
) -> list[PlannedService]:
    chosen = []
    for row in rows:
        if only and row.name not in only:
            continue
        if reason := plan.why_not(row):
            result.skipped.append((row.name, reason))
        else:
            chosen.append(row)
    return chosen


def _service(workspace: Workspace, folder_path: str, row: PlannedService, *, name: str) -> Service:
    """The row of an earlier deploy of the same part of the same folder, or a new one."""
    mine = Service.objects.visible_to(workspace.team).filter(
        workspace=workspace, detected_in=folder_path, source_name=row.name
    )
    if service := mine.locked().first():
        if name not in {"", service.name}:
            raise _has_a_name(service)
        return service
    folder = PurePosixPath("/") / folder_path.strip("/") / row.path
    for candidate in _names(workspace, row, name):
        try:
            with transaction.atomic():
                return Service.objects.create(
                    team=workspace.team,
                    workspace=workspace,
                    name=candidate,
                    source_name=row.name,
                    detected_in=folder_path,
                    folder_path=str(folder),
                )
        except IntegrityError:
            if name:
                raise taken(name) from None
    raise taken(row.name)


def _names(workspace: Workspace, row: PlannedService, name: str) -> list[str]:
    """Its own name; when another project of the team has it, with the workspace before it."""
    if name:
        return [name]
    base = slug(row.name)
    project = slug(f"{workspace.name}-{base}")
    return [base, project, *(f"{project[:58]}-{n}" for n in range(2, 100))]


def check_name(team: Team, name: str, *, owner: Service | None = None) -> None:
    """Raises `InvalidError` for a name that another service of the team has; the constraint of the
    table finds those that come at the same time."""
    others = Service.objects.visible_to(team).filter(name=name)
    if owner is not None:
        others = others.exclude(pk=owner.pk)
    if others.exists():
        raise taken(name)


def taken(name: str) -> InvalidError:
    return InvalidError(
        "Service validation failed",
        code="service.name_taken",
        details={"name": ["has already been taken"]},
        fix=f"choose another name than {name}",
    )


def _warn_of_namesakes(result: FolderDeploy) -> None:
    """One name is one service on the team's network: code that says it meets the other project."""
    warnings = list(result.analysis.result.get("warnings", ()))
    for service in result.services:
        plain = slug(service.source_name)
        others = Service.objects.visible_to(service.team).filter(name=plain)
        if service.name != plain and others.exclude(workspace=service.workspace).exists():
            warnings.append(
                f"{plain} is called {service.name} on the team's network: another project has a "
                f"service {plain}, and that is whom the host name {plain} reaches"
            )
    result.analysis.result["warnings"] = warnings
    result.analysis.save(update_fields=["result"])


def _has_a_name(service: Service) -> BadRequestError:
    complaint = f"a deploy renames nothing: what lives here is the service {service.name}"
    return BadRequestError(
        "Invalid request parameters",
        details={"name": [complaint]},
        fix="leave the name away, or change it with PATCH /services/{service_id}",
    )


def _remember(service: Service, row: PlannedService, overrides: dict[str, Any] | None) -> None:
    is_new, had = service.plan == {}, settings_of(service)
    apply_plan(service, row)
    if row.database_kind:
        give_passwords(service, row.database_kind)
    service.depends_on = list(row.depends_on)
    service.overrides = {**service.overrides, **(overrides or {})}
    service.save(update_fields=["depends_on", "overrides", "environment", "secret_names"])
    if is_new:
        audit.note(service, action="service.create", after=what_is_set(service))
    elif any(differs := difference(had, settings_of(service))):
        audit.note(service, action="service.update", before=differs[0], after=differs[1])
