"""All commands in one place, the options they share, and how an error becomes an exit status."""

import sys
from itertools import takewhile
from typing import Annotated

import typer
from typer.main import get_command

from kyozo.cli import (
    access,
    analyze,
    audit,
    clean,
    deploy,
    doctor,
    env,
    images,
    listing,
    people,
    power,
    streams,
    teams,
    verbs,
)
from kyozo.cli.completion import COMPLETE_VARIABLE, completion, prepare
from kyozo.cli.errors import INTERRUPTED, USAGE, CliError
from kyozo.cli.groups import Group
from kyozo.cli.screen import Screen
from kyozo.cli.session import Session
from kyozo.env import SettingError
from kyozo.platform.version import version
from services.errors import KyozoError

SHARED = {"--json": 0, "--url": 1, "--token": 1, "--team": 1}

app = typer.Typer(
    name="kyozo",
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="--json, --url, --token and --team may stand anywhere in the line.",
)


def _say_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"kyozo {version()}")
        raise typer.Exit


@app.callback()
def shared_options(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
    url: Annotated[
        str, typer.Option(envvar="KYOZO_URL", help="A platform on another machine.")
    ] = "",
    token: Annotated[str, typer.Option(envvar="KYOZO_TOKEN", help="API token.")] = "",
    team: Annotated[str, typer.Option(envvar="KYOZO_TEAM", help="Team, by slug or id.")] = "",
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say it and end."),
    ] = False,
) -> None:
    """Folders in, healthy services out.

    \b
    Examples:
      kyozo deploy ~/my-app      analyse, build, start and route a folder
      kyozo ls                   what runs
      kyozo logs web --follow    what it says
      kyozo open                 the dashboard

    Exit statuses: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    session = Session(url=url, token=token, team=team, screen=Screen(is_json=json))
    ctx.call_on_close(session.close)
    ctx.obj = session


app.command()(deploy.deploy)
app.command()(power.up)
app.command()(power.down)
app.command()(listing.ls)
app.command()(listing.status)
app.command()(streams.logs)
app.command()(streams.events)
app.command()(verbs.start)
app.command()(verbs.stop)
app.command()(verbs.restart)
app.command()(verbs.scale)
app.command()(verbs.rollback)
app.command()(verbs.rm)
app.command("open")(access.open_)
app.command()(analyze.analyze)
app.add_typer(env.env, name="env")
app.add_typer(teams.teams, name="teams")
app.add_typer(people.members, name="members")
app.add_typer(people.invitations, name="invitations")
app.add_typer(access.token, name="token")
app.command()(audit.audit)
app.add_typer(images.images, name="images")
app.command()(clean.clean)
app.command()(access.login)
app.command()(doctor.doctor)
app.command()(completion)
app.command("version")(power.show_version)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    screen = Screen(is_json="--json" in takewhile("--".__ne__, given))
    prepare()
    try:
        status = get_command(app).main(
            hoist(given),
            prog_name="kyozo",
            complete_var=COMPLETE_VARIABLE,
            standalone_mode=False,
        )
    except (typer.Abort, KeyboardInterrupt):
        screen.note("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing may be written any more, at exit neither.
        sys.stdout = sys.stderr
        return 0
    except typer.TyperException as exc:
        return _say_usage(screen, exc)
    except (CliError, KyozoError, SettingError, OSError) as exc:
        return _say_error(screen, _as_ours(exc))
    return int(status or 0)


def hoist(arguments: list[str]) -> list[str]:
    """The shared options to the front, from wherever they stand before a `--`."""
    front: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        name, equals, _ = word.partition("=")
        if word == "--":
            rest += [word, *words]
        elif name in SHARED and (equals or not SHARED[name]):
            front.append(word)
        elif name in SHARED:
            front += [word, *(value for value in [next(words, None)] if value is not None)]
        else:
            rest.append(word)
    return front + rest


def _as_ours(exc: CliError | KyozoError | SettingError | OSError) -> CliError:
    if isinstance(exc, CliError):
        return exc
    if isinstance(exc, KyozoError):
        return CliError(exc.message, fix=exc.fix, code=exc.error_code)
    if isinstance(exc, SettingError):
        return CliError(str(exc), fix="docs/settings.md lists the settings", code="setting")
    return CliError(str(exc), code="system")


def _say_error(screen: Screen, error: CliError) -> int:
    screen.note(f"error: {error.message}")
    for line in error.lines:
        screen.note(f"  {line}")
    if error.fix:
        screen.note(f"try: {error.fix}")
    _emit_error(screen, error)
    return error.status


def _say_usage(screen: Screen, exc: typer.TyperException) -> int:
    """With the command's usage where the exception knows it; typer keeps that class to itself."""
    show = getattr(exc, "show", None)
    if callable(show):
        show()
    else:
        screen.note(f"error: {exc.format_message()}")
    message = exc.format_message().partition("\n")[0]
    error = CliError(message, fix="add --help to the command", code="usage")
    _emit_error(screen, error)
    return USAGE


def _emit_error(screen: Screen, error: CliError) -> None:
    if screen.is_json:
        answer = {"code": error.code, "message": error.message, "fix": error.fix}
        screen.emit({"error": {**answer, "details": list(error.lines)}})
