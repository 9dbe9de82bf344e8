"""`kyozo teams`: a token is of one team, so the command keeps one for each."""

from collections.abc import Iterator
from contextlib import closing
from typing import Annotated, Any

import typer

from kyozo.cli.errors import ApiError
from kyozo.cli.groups import group
from kyozo.cli.screen import day, one_line
from kyozo.cli.session import Session, confirm, session_of
from kyozo.platform import credentials
from kyozo.platform.credentials import Profile

teams = group("List, make, rename and leave teams. --team says in which one a command works.")

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
OWN_TOKEN = "kyozo command"  # noqa: S105 - what it is called


@teams.command("ls")
def list_teams(ctx: typer.Context) -> None:
    """List the teams that this command has a token of.

    \b
    Examples:
      kyozo teams ls
      kyozo --team shop ls
    """
    session = session_of(ctx)
    found = list(_known(session))
    if session.screen.is_json:
        session.screen.emit(found)
        return
    rows = [
        (
            *("*" if row["is_current"] else "", one_line(row["slug"]), one_line(row["name"])),
            *(row["role"], day(row["created_at"])),
        )
        for row in found
    ]
    session.screen.table(["", "TEAM", "NAME", "ROLE", "CREATED"], rows)


@teams.command()
def create(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Make a team, and be its owner. Its token is kept for --team.

    \b
    Examples:
      kyozo teams create "Web shop"
      kyozo deploy ~/shop --team web-shop
    """
    session = session_of(ctx)
    made = dict(session.api.post("/teams", {"name": name, "token_name": OWN_TOKEN}).data)
    profile = Profile(
        url=session.api.url, token=made.pop("token"), team_id=made["id"], slug=made["slug"]
    )
    credentials.save_team(session.state, session.place, profile)
    session.screen.say(f"made: say --team {one_line(made['slug'])} to work in it")
    if session.screen.is_json:
        session.screen.emit(made)


@teams.command()
def rename(ctx: typer.Context, name: Annotated[str, typer.Argument(help="Its new name.")]) -> None:
    """Give the team another name. Its addresses stay.

    \b
    Examples:
      kyozo teams rename "Web shop" --team shop
    """
    session = session_of(ctx)
    changed = session.api.call("PATCH", session.api.team_path(""), body={"name": name}).data
    session.screen.say(f"{one_line(changed['slug'])} is called {one_line(changed['name'])}")
    if session.screen.is_json:
        session.screen.emit(changed)


@teams.command()
def leave(ctx: typer.Context, yes: Yes = False) -> None:
    """Leave the team. Your tokens of it end for good.

    \b
    Examples:
      kyozo teams leave --team shop
    """
    session = session_of(ctx)
    team = _current(session)
    confirm(session, f"leave the team {one_line(team['name'])}?", yes=yes)
    session.api.post(session.api.team_path("/leave"))
    _forget(session, team, said="left")


@teams.command("rm")
def remove(ctx: typer.Context, yes: Yes = False) -> None:
    """Remove the team, when it has no services, workspaces and other members.

    \b
    Examples:
      kyozo teams rm --team shop
    """
    session = session_of(ctx)
    team = _current(session)
    confirm(session, f"remove the team {one_line(team['name'])}?", yes=yes)
    session.api.delete(session.api.team_path(""))
    _forget(session, team, said="removed")


def _current(session: Session) -> dict[str, Any]:
    return dict(session.api.get(session.api.team_path("")))


def _forget(session: Session, team: dict[str, Any], *, said: str) -> None:
    credentials.forget_team(session.state, session.place, team["id"])
    session.screen.say(f"{said}: {one_line(team['name'])}")
    if session.screen.is_json:
        session.screen.emit(team)


def _known(session: Session) -> Iterator[dict[str, Any]]:
    """The team that is worked in, then those of which tokens are kept; dead ones are left out."""
    mine = session.api.team_id
    yield {**_current(session), "is_current": True}
    for profile in credentials.teams(session.state, session.place):
        if profile.team_id == mine:
            continue
        with closing(session.as_team(profile)) as api:
            try:
                row = api.get(api.team_path(""))
            except ApiError as exc:
                if exc.http_status not in {401, 404}:
                    raise
            else:
                yield {**row, "is_current": False}
