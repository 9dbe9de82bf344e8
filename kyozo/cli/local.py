"""Seeing that this machine has an engine and a running platform of this version."""

import os
from typing import TYPE_CHECKING

import typer

from kyozo.cli.errors import CliError
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session
from kyozo.platform import daemon, record
from kyozo.platform.daemon import PlatformStartError, Wanted
from kyozo.platform.record import Record

if TYPE_CHECKING:
    from kyozo.machine.engine import EngineAddress

NO_INSTALL = "KYOZO_NO_INSTALL"


def ensure_platform(session: Session, *, install: bool = True, yes: bool = False) -> Record:
    """Engine found, started or installed; platform found, started, or restarted when outdated."""
    environment = _engine_environment(session, install=install)
    running = record.living(session.state)
    try:
        if running is None:
            session.screen.say("starting the platform")
            found = daemon.start(
                session.state, wanted=Wanted(environment=environment), progress=_teller(session)
            )
            session.screen.say(f"platform {found.version} at {found.url}")
        elif daemon.is_outdated(running) and _may_restart(session, running, yes=yes):
            found = daemon.restart(
                session.state, running, environment=environment, progress=_teller(session)
            )
        else:
            found = daemon.start(session.state, progress=_teller(session))
    except PlatformStartError as exc:
        raise start_failure(exc, session) from exc
    _warn_when_unready(session, found)
    return found


def start_failure(exc: PlatformStartError, session: Session) -> CliError:
    return CliError(
        str(exc),
        fix=f"its log: {session.state.log}; `kyozo doctor` looks for what is wrong",
        code="platform.start_failed",
        lines=tuple(exc.log_tail),
    )


def _engine_environment(session: Session, *, install: bool) -> dict[str, str]:
    """What the platform must be told to use the engine that this command found."""
    environ = dict(os.environ)
    if environ.get("KYOZO_RUNTIME") == "fake" or environ.get("KYOZO_ENGINE_URL"):
        return {}
    if not install:
        environ[NO_INSTALL] = "1"
    engine = find_engine(session, environ)
    return {"KYOZO_ENGINE_URL": engine.url, NO_INSTALL: environ.get(NO_INSTALL, "0")}


def find_engine(session: Session, environ: dict[str, str]) -> "EngineAddress":
    """The engine of this machine, installed when it must be and may be."""
    # Only who deploys or makes images needs all this.
    from kyozo.machine.engine_install import EngineSetup  # noqa: PLC0415
    from kyozo.machine.errors import MachineError  # noqa: PLC0415

    session.state.create()
    try:
        return EngineSetup(session.state.root, environ, session.screen.say).ensure()
    except MachineError as exc:
        raise CliError(exc.message, fix=exc.fix, code=exc.error_code) from exc


def _may_restart(session: Session, running: Record, *, yes: bool) -> bool:
    session.screen.say(
        f"the running platform ({running.version}) is of other code than this command; "
        "a restart leaves services running"
    )
    if session.screen.is_interactive and not yes:
        return typer.confirm("restart it now?", default=True)
    session.screen.say("restarting it")
    return True


def _teller(session: Session) -> daemon.Progress:
    return lambda phase: session.screen.say(f"  {one_line(phase)}", style="dim")


def _warn_when_unready(session: Session, found: Record) -> None:
    for part, problem in daemon.readiness(found, timeout_s=5).problems.items():
        session.screen.say(f"not ready: {part}: {one_line(problem)}", style="yellow")
