"""`kyozo open`, `login` and `token`: ways in."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer

from kyozo.cli.errors import FAILED, USAGE, CliError
from kyozo.cli.groups import group
from kyozo.cli.names import find_service
from kyozo.cli.screen import day, one_line
from kyozo.cli.session import Session, session_of
from kyozo.platform import credentials
from kyozo.platform.credentials import Profile

DASHBOARD = "dashboard"

token = group("Make, list and revoke API tokens.")


def open_(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(help="A service, or `dashboard`.")] = DASHBOARD,
) -> None:
    """Open a service, or the dashboard.

    Prints the address too; that of the dashboard signs in, once.

    \b
    Examples:
      kyozo open
      kyozo open api
    """
    session = session_of(ctx)
    url = _sign_in_link(session) if what == DASHBOARD else _address(session, what)
    if session.screen.is_json:
        session.screen.emit({"url": url})
        return
    session.screen.say(url)
    if session.screen.is_interactive:
        typer.launch(url)


def _sign_in_link(session: Session) -> str:
    return str(session.api.post("/sign-in-links").data["url"])


def _address(session: Session, name: str) -> str:
    service = find_service(session.api, name)
    if not service.urls:
        raise CliError(f"{service.name} has no address: it serves no HTTP", code="no_url")
    return service.urls[0].url


def login(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(help="Address of a platform on another machine.")],
) -> None:
    """Keep the token of another platform.

    For use with --url. The token is asked for, unless --token gives it.

    \b
    Examples:
      kyozo login https://kyozo.example.com
      kyozo --url https://kyozo.example.com ls
    """
    session = session_of(ctx)
    text = session.token or typer.prompt("token", hide_input=True)
    other = Session(url=url, token=text, screen=session.screen, state=session.state)
    with closing(other):
        who = other.api.get("/me")
    team_id, slug = str(who["team"]["id"]), str(who["team"]["slug"])
    profile = Profile(url=url.rstrip("/"), token=text, team_id=team_id, slug=slug)
    credentials.save(session.state, profile.url, profile)
    credentials.save_team(session.state, profile.url, profile)  # for --team, beside others
    session.screen.say(
        f"{one_line(who['user']['name'])} in team {one_line(who['team']['name'])}: token kept"
    )
    if session.screen.is_json:
        session.screen.emit(who)


@token.command()
def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[str, typer.Option(help="read, deploy or admin.")] = "deploy",
    expires_at: Annotated[str, typer.Option(help="For example 2030-01-31T12:00:00Z.")] = "",
    workspace: Annotated[str, typer.Option(help="Name of the only workspace it opens.")] = "",
) -> None:
    """Make a token. It is shown once.

    \b
    Examples:
      kyozo token create ci --scope deploy
      kyozo token create preview --scope read --workspace shop
    """
    session = session_of(ctx)
    body = {"name": name, "scope": scope} | ({"expires_at": expires_at} if expires_at else {})
    if workspace:
        body["workspace_id"] = _workspace(session, workspace)
    made = session.api.post(session.api.team_path("/tokens"), body).data
    if session.screen.is_json:
        session.screen.emit(made)
        return
    session.screen.say(made["token"])
    session.screen.note("this is the only time it is shown")


@token.command("ls")
def list_tokens(ctx: typer.Context) -> None:
    """List the team's tokens, without their secrets.

    \b
    Examples:
      kyozo token ls
    """
    session = session_of(ctx)
    found = session.api.get_all(session.api.team_path("/tokens"))
    if session.screen.is_json:
        session.screen.emit(found)
        return
    columns = ["NAME", "PREFIX", "SCOPE", "OF", "USED", "EXPIRES", "REVOKED"]
    session.screen.table(columns, map(_row, found))


def _row(token: Mapping[str, Any]) -> tuple[str, ...]:
    days = (day(token[name]) for name in ("last_used_at", "expires_at", "revoked_at"))
    scope = token["scope"] + (" (one workspace)" if token["workspace_id"] else "")
    return (one_line(token["name"]), token["prefix"], scope, one_line(token["user"]), *days)


def _workspace(session: Session, name: str) -> str:
    for row in session.api.get_all(session.api.team_path("/workspaces")):
        if name in {row["name"], row["id"]}:
            return str(row["id"])
    raise CliError(f"there is no workspace {one_line(name)!r}", code="not_found")


@token.command()
def revoke(
    ctx: typer.Context, which: Annotated[str, typer.Argument(help="Its id, name or prefix.")]
) -> None:
    """Revoke a token: from now on it opens nothing.

    \b
    Examples:
      kyozo token revoke ci
    """
    session = session_of(ctx)
    api = session.api
    alive = [row for row in api.get_all(api.team_path("/tokens")) if not row.get("revoked_at")]
    found = [row for row in alive if which in {row["id"], row["name"], row["prefix"]}]
    if len(found) != 1:
        what = "several tokens are" if found else "no living token is"
        status = USAGE if found else FAILED
        raise CliError(
            f"{what} called {one_line(which)!r}", fix="see `kyozo token ls`", status=status
        )
    api.delete(api.team_path(f"/tokens/{found[0]['id']}"))
    session.screen.say(f"{one_line(found[0]['name'])} is revoked")
    if session.screen.is_json:
        session.screen.emit(found[0])
