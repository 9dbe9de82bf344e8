"""`kyozo env`: a service's environment variables; what is secret is never read back."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kyozo.cli import dotenv
from kyozo.cli.errors import USAGE, CliError
from kyozo.cli.groups import group
from kyozo.cli.names import find_service
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of

env = group("Show and change a service's environment variables.")

Name = Annotated[str, typer.Argument(help="Name of the service, or its beginning.")]


@env.command("set")
def set_(
    ctx: typer.Context,
    service: Name,
    pairs: Annotated[list[str] | None, typer.Argument(metavar="NAME=VALUE...")] = None,
    source: Annotated[Path | None, typer.Option("--from", help="A .env file.")] = None,
    secret: Annotated[bool, typer.Option("--secret", help="Never show these values.")] = False,
) -> None:
    """Set variables. They apply with the next deploy or restart.

    Values are opaque: nothing in them is expanded.

    \b
    Examples:
      kyozo env set api LOG_LEVEL=debug
      kyozo env set api API_KEY=... --secret
      kyozo env set api --from .env --secret
    """
    session = session_of(ctx)
    variables = dotenv.read(source) if source else {}
    variables |= dict(map(_pair, pairs or []))
    if not variables:
        raise CliError("nothing to set", fix="give NAME=VALUE or --from FILE", status=USAGE)
    _change(session, service, dict(variables), secret=secret)


@env.command("ls")
def list_variables(ctx: typer.Context, service: Name) -> None:
    """List variables; secret values are hidden.

    \b
    Examples:
      kyozo env ls api
    """
    session = session_of(ctx)
    found = session.api.get(_path(session, service))
    if session.screen.is_json:
        session.screen.emit(found)
        return
    if not found["variables"]:
        session.screen.say("no variables; set one with `kyozo env set SERVICE NAME=VALUE`")
    for name, value in sorted(found["variables"].items()):
        shown = "(secret)" if value is None else value
        session.screen.say(f"{one_line(name)}={one_line(shown)}")
    _say_pending(session, found)


@env.command("rm")
def remove(
    ctx: typer.Context,
    service: Name,
    names: Annotated[list[str], typer.Argument(metavar="NAME...")],
) -> None:
    """Delete variables.

    \b
    Examples:
      kyozo env rm api LOG_LEVEL
    """
    _change(session_of(ctx), service, dict.fromkeys(names), secret=False)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not dotenv.NAME.fullmatch(name):
        raise CliError(f"{one_line(text)!r} is not NAME=VALUE", status=USAGE)
    return name, value


def _path(session: Session, service: str) -> str:
    return session.api.team_path(f"/services/{find_service(session.api, service).id}/env")


def _change(session: Session, service: str, variables: dict[str, Any], *, secret: bool) -> None:
    """`secret_variables` is the whole list, so what was secret before stays in it."""
    path = _path(session, service)
    body: dict[str, Any] = {"variables": variables}
    if secret:
        before = session.api.get(path)["secret_variables"]
        body["secret_variables"] = sorted({*before, *variables})
    found = session.api.call("PATCH", path, body=body).data
    if session.screen.is_json:
        session.screen.emit(found)
        return
    session.screen.say(f"{len(variables)} changed")
    _say_pending(session, found)


def _say_pending(session: Session, found: dict[str, Any]) -> None:
    if found.get("has_pending_changes"):
        session.screen.note("applies with the next deploy or restart")
