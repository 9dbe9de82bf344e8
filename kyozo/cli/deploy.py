"""`kyozo deploy`: from a folder to addresses that answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from kyozo.cli import analysis_view, dotenv_offer, local
from kyozo.cli.answers import Json, Operation, Service
from kyozo.cli.carry_out import follow
from kyozo.cli.errors import FAILED, CliError
from kyozo.cli.outcome import show_endings
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the platform answered: what it found, and what it began for each service."""

    services: tuple[Service, ...]
    operations: tuple[Operation, ...]
    raw: Json

    @classmethod
    def parse(cls, raw: Json) -> "Deployed":
        return cls(
            services=tuple(Service.parse(row) for row in raw["services"]),
            operations=tuple(Operation.parse(row) for row in raw["operations"]),
            raw=raw,
        )


def deploy(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="The folder with the code.")] = Path(),
    *,
    service_type: Annotated[str, typer.Option("--type", help="python, nodejs, static, ...")] = "",
    start: Annotated[str, typer.Option(help="The command that starts it.")] = "",
    build: Annotated[str, typer.Option(help="The command that builds it.")] = "",
    port: Annotated[int | None, typer.Option(help="The port it listens on.")] = None,
    health: Annotated[str, typer.Option(help="The path that answers when it is well.")] = "",
    name: Annotated[str, typer.Option(help="The service's name.")] = "",
    only: Annotated[list[str] | None, typer.Option(help="Only this service; repeatable.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Also when nothing changed.")] = False,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Build every step anew.")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Ask for newer base images.")] = False,
    accept_version: Annotated[
        bool, typer.Option("--accept-version", help="Take the nearest language version there is.")
    ] = False,
    no_install: Annotated[
        bool, typer.Option("--no-install", help="Install no engine on this machine.")
    ] = False,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Do not wait.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")] = False,
    logs: Annotated[bool, typer.Option("--logs", "-v", help="Show the build logs.")] = False,
) -> None:
    """Build and run every service of a folder.

    Starts the platform (and, as root, installs a container engine) when there is none. Waits until
    every service has passed its health check. Ctrl-C cancels and waits for the clean end.

    \b
    Examples:
      kyozo deploy
      kyozo deploy ~/shop --only api --logs
      kyozo deploy . --type python --start "gunicorn app:app" --port 8000
    """
    session = session_of(ctx)
    place = _existing(folder) if session.is_local else folder.absolute()
    overrides = {
        "type": service_type,
        "start": start,
        "build": build,
        "port": port,
        "health": health,
    }
    body: dict[str, Any] = {
        "folder_path": "/",
        "overrides": {key: value for key, value in overrides.items() if value not in {"", None}},
        "force": force,
        "no_cache": no_cache,
        "pull": pull,
        "accept_version": accept_version,
    }
    body |= {"only": only} if only else {}
    body |= {"name": name} if name else {}
    if session.is_local:
        local.ensure_platform(session, install=not no_install, yes=yes)
    deployed = _begin(session, place, body)
    if detach:
        _show_detached(session, deployed)
        return
    ended = follow(session, list(deployed.operations), logs=logs)
    show_endings(session.screen, ended)
    ended = dotenv_offer.after_deploy(session, place, deployed.services, ended, may_ask=not yes)
    if session.screen.is_json:
        session.screen.emit({**deployed.raw, "operations": [one.raw for one in ended]})
    if not all(operation.has_succeeded for operation in ended):
        raise typer.Exit(FAILED)


def _existing(folder: Path) -> Path:
    place = folder.expanduser().absolute()
    if not place.is_dir():
        raise CliError(
            f"there is no folder {one_line(place)}",
            fix="give the path of the folder with the code",
            code="no_folder",
        )
    return place


def _begin(session: Session, place: Path, body: dict[str, Any]) -> Deployed:
    api = session.api
    registered = api.post(api.team_path("/workspaces"), {"workspace": {"folder": str(place)}})
    path = api.team_path(f"/workspaces/{registered.data['id']}/deploy")
    deployed = Deployed.parse(api.post(path, body).data)
    analysis_view.show(session.screen, deployed.raw.get("analysis") or {})
    for name, reason in map(_skipped, deployed.raw.get("skipped") or []):
        session.screen.say(f"{one_line(name)} is skipped: {one_line(reason)}", style="yellow")
    return deployed


def _skipped(row: Any) -> tuple[str, str]:
    if isinstance(row, dict):
        return str(row.get("name")), str(row.get("reason"))
    return str(row[0]), str(row[1])


def _show_detached(session: Session, deployed: Deployed) -> None:
    for operation in deployed.operations:
        session.screen.say(f"{one_line(operation.service_name)}: {operation.state}")
    session.screen.say("watch with `kyozo status` or `kyozo events --follow`")
    if session.screen.is_json:
        session.screen.emit(deployed.raw)
