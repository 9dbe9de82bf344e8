"""`kyozo members` and `kyozo invitations`: who is on the team, and who is asked in."""

from collections.abc import Mapping
from contextlib import closing
from typing import Annotated, Any

import typer

from kyozo.cli.errors import CliError
from kyozo.cli.groups import group
from kyozo.cli.screen import day, one_line
from kyozo.cli.session import Session, confirm, session_of

members = group("Show and change who is on the team.")
invitations = group("Let somebody in, and come in.")

Who = Annotated[str, typer.Argument(help="Username or number of a member.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@members.command("ls")
def list_members(ctx: typer.Context) -> None:
    """List who is on the team.

    \b
    Examples:
      kyozo members ls
    """
    session = session_of(ctx)
    found = session.api.get(session.api.team_path("/members"))
    if session.screen.is_json:
        session.screen.emit(found)
        return
    rows = [(row["id"], row["name"], row["role"], day(row["joined_at"])) for row in found]
    session.screen.table(["ID", "NAME", "ROLE", "JOINED"], rows)


@members.command()
def role(
    ctx: typer.Context,
    member: Who,
    to: Annotated[str, typer.Argument(metavar="ROLE", help="owner, admin, developer or viewer.")],
) -> None:
    """Give a member another role. It counts at once.

    \b
    Examples:
      kyozo members role frida admin
    """
    session = session_of(ctx)
    chosen = _member(session, member)
    path = session.api.team_path(f"/members/{chosen['id']}")
    changed = session.api.call("PATCH", path, body={"role": to}).data
    session.screen.say(f"{one_line(changed['name'])} is {one_line(changed['role'])}")
    if session.screen.is_json:
        session.screen.emit(changed)


@members.command("rm")
def remove(ctx: typer.Context, member: Who, yes: Yes = False) -> None:
    """Remove a member, and revoke their tokens of this team for good.

    \b
    Examples:
      kyozo members rm frida
      kyozo members rm frida --yes
    """
    session = session_of(ctx)
    chosen = _member(session, member)
    name = one_line(chosen["name"])
    confirm(session, f"remove {name} from the team?", yes=yes)
    session.api.delete(session.api.team_path(f"/members/{chosen['id']}"))
    session.screen.say(f"{name} is not on the team any more")
    if session.screen.is_json:
        session.screen.emit(chosen)


@invitations.command("ls")
def list_invitations(ctx: typer.Context) -> None:
    """List invitations, newest first, without their tokens.

    \b
    Examples:
      kyozo invitations ls
    """
    session = session_of(ctx)
    found = session.api.get_all(session.api.team_path("/invitations"))
    if session.screen.is_json:
        session.screen.emit(found)
        return
    rows = [
        (row["id"][:8], row["role"], row["state"], row["email"], day(row["expires_at"]))
        for row in found
    ]
    session.screen.table(["ID", "ROLE", "STATE", "FOR", "EXPIRES"], rows)


@invitations.command()
def create(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--role", help="owner, admin, developer or viewer.")
    ] = "developer",
    email: Annotated[str, typer.Option(help="A note of whom it is for; no mail is sent.")] = "",
    expires_at: Annotated[str, typer.Option(help="Within 30 days; 7 if not said.")] = "",
) -> None:
    """Make an invitation. Its link is shown once, and lets one person in.

    \b
    Examples:
      kyozo invitations create --role viewer
      kyozo invitations create --role admin --email frida@example.com
    """
    session = session_of(ctx)
    given = {"role": to, "email": email, "expires_at": expires_at}
    body = {name: value for name, value in given.items() if value}
    made = session.api.post(session.api.team_path("/invitations"), body).data
    if session.screen.is_json:
        session.screen.emit(made)
        return
    session.screen.say(made["join_url"])
    session.screen.note("this is the only time it is shown; whoever has it may come in")


@invitations.command()
def revoke(
    ctx: typer.Context, which: Annotated[str, typer.Argument(help="Its id, or its beginning.")]
) -> None:
    """Revoke an invitation: nobody can accept it any more.

    \b
    Examples:
      kyozo invitations revoke 2b9e6d4a
    """
    session = session_of(ctx)
    rows = session.api.get_all(session.api.team_path("/invitations"))
    found = [row for row in rows if which and row["id"].startswith(which.lower())]
    if len(found) != 1:
        what = "several invitations begin" if found else "no invitation begins"
        raise CliError(f"{what} with {one_line(which)!r}", fix="see `kyozo invitations ls`")
    session.api.delete(session.api.team_path(f"/invitations/{found[0]['id']}"))
    session.screen.say(f"the invitation {found[0]['id'][:8]} is revoked")
    if session.screen.is_json:
        session.screen.emit(found[0])


@invitations.command()
def accept(
    ctx: typer.Context,
    token: Annotated[str, typer.Argument(help="The invitation or its link; asked for.")] = "",
    username: Annotated[str, typer.Option(help="Make an account of this name.")] = "",
) -> None:
    """Accept an invitation, as whose token it is or with a new account.

    \b
    Examples:
      kyozo invitations accept
      kyozo invitations accept --username frida --url https://kyozo.example.com
    """
    session = session_of(ctx)
    given = token or typer.prompt("invitation", hide_input=True, err=True)
    body = {"token": given.strip().rpartition("/")[2]}
    if username:
        password = typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
        body |= {"username": username, "password": password}
        with closing(session.anybody()) as api:
            came = api.post("/invitations/accept", body).data
    else:
        came = session.api.post("/invitations/accept", body).data
    _say_welcome(session, came)


def _say_welcome(session: Session, came: Mapping[str, Any]) -> None:
    if session.screen.is_json:
        session.screen.emit(came)
        return
    name, team = one_line(came["member"]["name"]), one_line(came["team"]["name"])
    session.screen.say(f"{name} is on the team {team} as {one_line(came['member']['role'])}")
    session.screen.say(came["sign_in_url"])
    session.screen.note("this link opens the dashboard, once; tokens are made there")


def _member(session: Session, which: str) -> dict[str, Any]:
    found = session.api.get(session.api.team_path("/members"))
    for row in found:
        if which in {row["name"], str(row["id"])}:
            return dict(row)
    raise CliError(
        f"nobody on the team is called {one_line(which)!r}",
        fix="see `kyozo members ls`",
        code="not_found",
    )
