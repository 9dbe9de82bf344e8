"""`kyozo up`, `down` and `version`: the platform process itself."""

from typing import Annotated

import typer

from kyozo.cli import leftovers, local
from kyozo.cli.carry_out import follow, get_operation
from kyozo.cli.errors import CliError
from kyozo.cli.names import all_services
from kyozo.cli.session import Session, session_of
from kyozo.platform import daemon, record, version
from kyozo.platform.daemon import PlatformStartError, Wanted

AT_REST = {"stopped", "pending"}


def up(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="Exactly this port; usually 7070.")] = None,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="In the background.")] = False,
) -> None:
    """Run the platform, until Ctrl-C.

    Services and router outlive it.

    \b
    Examples:
      kyozo up
      kyozo up --host 0.0.0.0 --port 7070
      kyozo up --detach
    """
    session = session_of(ctx)
    if detach:
        _start(session, host, port)
        return
    # Only this command needs the whole server in its own process.
    from kyozo.platform import serve  # noqa: PLC0415

    status = serve.run(host, port)
    raise CliError(
        "the platform could not begin",
        fix="the line above says why",
        code="platform.start_failed",
        status=status,
    )


def _start(session: Session, host: str, port: int | None) -> None:
    try:
        found = daemon.start(
            session.state,
            wanted=Wanted(host=host, port=port),
            progress=lambda phase: session.screen.say(f"  {phase}", style="dim"),
        )
    except PlatformStartError as exc:
        raise local.start_failure(exc, session) from exc
    session.screen.say(f"platform {found.version} at {found.url} (process {found.pid})")
    if session.screen.is_json:
        session.screen.emit({"url": found.url, "pid": found.pid, "version": found.version})


def down(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Also stop all services and the router.")
    ] = False,
) -> None:
    """Stop the platform.

    Services and router keep running; `--all` stops them too, and never removes a volume.

    \b
    Examples:
      kyozo down
      kyozo down --all
    """
    session = session_of(ctx)
    if not session.is_local:
        raise CliError("`down` stops the platform of this machine only", fix="leave --url away")
    if everything and record.living(session.state):
        _stop_services(session)
    stopped = daemon.stop(session.state)
    if everything:
        leftovers.clear(session.state)
    kept = "" if everything else "; services and router keep running"
    what = f"platform stopped (process {stopped.pid})" if stopped else "no platform was running"
    session.screen.say(what + kept)
    if session.screen.is_json:
        session.screen.emit({"stopped": stopped.pid if stopped else None, "all": everything})


def _stop_services(session: Session) -> None:
    api = session.api
    awake = [service for service in all_services(api) if service.status not in AT_REST]
    answers = [api.post(api.team_path(f"/services/{service.id}/stop")) for service in awake]
    begun = [str(found) for answer in answers if (found := answer.meta.get("operation_id"))]
    if begun:
        follow(session, [get_operation(session, operation_id) for operation_id in begun])


def show_version(ctx: typer.Context) -> None:
    """Say the version of command and platform.

    \b
    Examples:
      kyozo version
    """
    session = session_of(ctx)
    running = record.living(session.state)
    own = version.version()
    if session.screen.is_json:
        outdated = daemon.is_outdated(running) if running else None
        session.screen.emit(
            {
                "version": own,
                "platform": running.version if running else None,
                "is_outdated": outdated,
            }
        )
        return
    session.screen.say(f"kyozo {own}")
    if running:
        note = " (other code than this command: `kyozo deploy` restarts it)"
        stale = note if daemon.is_outdated(running) else ""
        session.screen.say(f"platform {running.version} at {running.url}{stale}")
