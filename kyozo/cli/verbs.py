"""`kyozo start`, `stop`, `restart`, `scale`, `rollback`, `rm`: one change, to its end."""

from typing import Annotated, Any

import typer

from kyozo.cli.answers import Operation, Service
from kyozo.cli.carry_out import follow_to_end, get_operation
from kyozo.cli.errors import USAGE, CliError
from kyozo.cli.names import find_service
from kyozo.cli.releases import get_releases, show_releases
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of

Name = Annotated[str, typer.Argument(help="Name of the service, or its beginning.")]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Do not wait.")]


def start(ctx: typer.Context, service: Name, detach: Detach = False) -> None:
    """Start a stopped service.

    \b
    Examples:
      kyozo start api
    """
    _ask(ctx, service, "start", detach=detach)


def stop(ctx: typer.Context, service: Name, detach: Detach = False) -> None:
    """Stop a service.

    Requests under way are finished first.

    \b
    Examples:
      kyozo stop api
    """
    _ask(ctx, service, "stop", detach=detach)


def restart(ctx: typer.Context, service: Name, detach: Detach = False) -> None:
    """Replace a service's instances.

    Without a gap in serving; changed variables apply.

    \b
    Examples:
      kyozo restart api
    """
    _ask(ctx, service, "restart", detach=detach)


def scale(
    ctx: typer.Context,
    service: Name,
    replicas: Annotated[int, typer.Argument(min=0, max=100)],
    detach: Detach = False,
) -> None:
    """Run this many instances of a service.

    \b
    Examples:
      kyozo scale api 3
    """
    _ask(ctx, service, "scale", body={"replica_count": replicas}, detach=detach)


def rollback(
    ctx: typer.Context,
    service: Name,
    to: Annotated[int | None, typer.Option(help="Release number; usually the one before.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List the releases instead.")] = False,
    diff: Annotated[int, typer.Option(help="Show what that release changed instead.")] = 0,
    detach: Detach = False,
) -> None:
    """Go back to an earlier release.

    Its image, configuration and variables.

    \b
    Examples:
      kyozo rollback api
      kyozo rollback api --list
      kyozo rollback api --to 3
      kyozo rollback api --diff 3
    """
    if diff:
        _show_diff(session_of(ctx), service, diff)
        return
    if show:
        _list_releases(session_of(ctx), service)
        return
    _ask(ctx, service, "rollback", body={"release": to}, detach=detach)


def rm(
    ctx: typer.Context,
    service: Name,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    volumes: Annotated[
        bool, typer.Option("--volumes", help="Its data, too: what no other service mounts.")
    ] = False,
    detach: Detach = False,
) -> None:
    """Remove a service and its instances. Volumes are kept.

    \b
    Examples:
      kyozo rm api
      kyozo rm api --yes
      kyozo rm db --volumes
    """
    session = session_of(ctx)
    chosen = find_service(session.api, service)
    if not yes:
        _confirm(session, chosen, what=" and its data" if volumes else "")
    api = session.api
    api.delete(api.team_path(f"/services/{chosen.id}"), volumes=str(volumes).lower())
    found = api.get(api.team_path("/operations"), service_id=chosen.id)
    removal = [Operation.parse(row) for row in found if row.get("kind") == "remove"][:1]
    if detach or not removal:
        _say_begun(session, chosen, "rm")
        return
    follow_to_end(session, removal)
    end = "its volumes, too" if volumes else "its volumes are kept"
    session.screen.say(f"{one_line(chosen.name)} is removed; {end}")


def _confirm(session: Session, service: Service, *, what: str) -> None:
    if not session.screen.is_interactive:
        raise CliError(f"rm {service.name} needs --yes here", code="needs_yes", status=USAGE)
    typer.confirm(f"remove {one_line(service.name)}{what}?", abort=True)


def _ask(
    ctx: typer.Context,
    name: str,
    verb: str,
    *,
    body: dict[str, Any] | None = None,
    detach: bool,
) -> None:
    session = session_of(ctx)
    chosen = find_service(session.api, name)
    path = session.api.team_path(f"/services/{chosen.id}/{verb}")
    answer = session.api.post(path, body)
    operation_id = answer.meta.get("operation_id")
    if operation_id is None:
        session.screen.say(f"{one_line(chosen.name)}: nothing to do, it is {answer.data['status']}")
        if session.screen.is_json:
            session.screen.emit({"operations": [], "unchanged": True})
    elif detach:
        _say_begun(session, chosen, verb)
    else:
        follow_to_end(session, [get_operation(session, str(operation_id))])


def _say_begun(session: Session, service: Service, verb: str) -> None:
    session.screen.say(f"{one_line(service.name)}: {verb} has begun")
    if session.screen.is_json:
        session.screen.emit({"service_id": service.id, "begun": verb})


def _show_diff(session: Session, name: str, number: int) -> None:
    api = session.api
    chosen = find_service(api, name)
    found = api.get(api.team_path(f"/services/{chosen.id}/releases/{number}/diff"))
    if session.screen.is_json:
        session.screen.emit(found)
        return
    rows = [
        (one_line(row["field"]), row["kind"], _value(row["before"]), _value(row["after"]))
        for row in found["changes"]
    ]
    session.screen.table(["FIELD", "", f"RELEASE {found['against'] or '-'}", f"{number}"], rows)


def _value(value: object) -> str:
    """Digests are long and nobody reads them to the end."""
    text = "" if value is None else one_line(str(value))
    return f"{text[:18]}…" if text.startswith("sha256:") else text


def _list_releases(session: Session, name: str) -> None:
    found = get_releases(session, find_service(session.api, name).id)
    if session.screen.is_json:
        session.screen.emit(found)
    else:
        show_releases(session, found)
