"""Carrying out `kyozo deploy`: platform there, folder known, analysis shown, all followed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kyozo.cli import analysis_view, dotenv_offer, local, repository, upload
from kyozo.cli.answers import Json, Operation, Service
from kyozo.cli.carry_out import follow
from kyozo.cli.errors import FAILED, ApiError, CliError
from kyozo.cli.outcome import show_endings
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session

if TYPE_CHECKING:
    from kyozo.cli.client import Api


@dataclass(frozen=True, slots=True)
class Manner:
    """How the command behaves, apart from what it asks of the platform."""

    may_install: bool
    detach: bool
    asks_nothing: bool
    shows_logs: bool
    upload: bool = False
    workspace: str = ""
    git: repository.Source | None = None


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the platform answered: what it found, and what it began for each service."""

    services: tuple[Service, ...]
    operations: tuple[Operation, ...]
    skipped: tuple[tuple[str, str], ...]
    raw: Json

    @classmethod
    def parse(cls, raw: Json) -> "Deployed":
        return cls(
            services=tuple(Service.parse(row) for row in raw["services"]),
            operations=tuple(Operation.parse(row) for row in raw["operations"]),
            skipped=tuple(map(_skipped, raw.get("skipped") or [])),
            raw=raw,
        )


def _skipped(row: Any) -> tuple[str, str]:
    if isinstance(row, Mapping):
        return str(row.get("name")), str(row.get("reason"))
    return str(row[0]), str(row[1])


def run(session: Session, folder: Path, body: Mapping[str, Any], manner: Manner) -> None:
    """Ends with every address, or with what failed; the exit status is the truth."""
    place = folder.expanduser().absolute()
    if not manner.git and (session.is_local or manner.upload):
        _check(place)
    if session.is_local:
        local.ensure_platform(session, install=manner.may_install, yes=manner.asks_nothing)
    deployed = _begin(session, _workspace_id(session, place, manner), body)
    if manner.detach:
        _show_detached(session, deployed)
        return
    ended = follow(session, list(deployed.operations), logs=manner.shows_logs)
    show_endings(session.screen, ended)
    if not manner.git:
        ended = dotenv_offer.after_deploy(
            session, place, deployed.services, ended, may_ask=not manner.asks_nothing
        )
    if session.screen.is_json:
        session.screen.emit({**deployed.raw, "operations": [one.raw for one in ended]})
    if not all(operation.has_succeeded for operation in ended):
        raise typer.Exit(FAILED)


def _check(place: Path) -> None:
    """Before anything is started or installed for it."""
    if not place.is_dir():
        raise CliError(
            f"there is no folder {one_line(place)}",
            fix="give the path of the folder with the code",
            code="no_folder",
        )


def _begin(session: Session, workspace_id: str, body: Mapping[str, Any]) -> Deployed:
    api = session.api
    path = api.team_path(f"/workspaces/{workspace_id}/deploy")
    deployed = Deployed.parse(api.post(path, body).data)
    analysis_view.show(session.screen, deployed.raw.get("analysis") or {})
    for name, reason in deployed.skipped:
        session.screen.say(f"{one_line(name)} is skipped: {one_line(reason)}", style="yellow")
    return deployed


def _workspace_id(session: Session, place: Path, manner: Manner) -> str:
    if manner.git:
        return repository.workspace_id(session, manner.git, name=manner.workspace)
    if not manner.upload:
        return _registered(session.api, place)
    return upload.workspace_id(session, place, name=manner.workspace or place.resolve().name)


def _registered(api: "Api", place: Path) -> str:
    """Only an administrator registers a folder; to deploy one that is registered takes less."""
    workspaces = api.team_path("/workspaces")
    try:
        return str(api.post(workspaces, {"workspace": {"folder": str(place)}}).data["id"])
    except ApiError as exc:
        known = {row["folder"]: row["id"] for row in api.get(workspaces)}
        if exc.code != "forbidden" or str(place.resolve()) not in known:
            raise
        return str(known[str(place.resolve())])


def _show_detached(session: Session, deployed: Deployed) -> None:
    for operation in deployed.operations:
        session.screen.say(f"{one_line(operation.service_name)}: {operation.state}")
    session.screen.say("watch with `kyozo status` or `kyozo events --follow`")
    if session.screen.is_json:
        session.screen.emit(deployed.raw)
