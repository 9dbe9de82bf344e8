"""`kyozo doctor`: is this machine fit, is the platform well, and what to do about what is not."""

from collections.abc import Iterator
from dataclasses import asdict

import typer

from kyozo.cli.errors import FAILED
from kyozo.cli.findings import Finding, State
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of


def doctor(ctx: typer.Context) -> None:
    """Check this machine and the platform.

    Engine, builder, registry, disk, ports, platform, database, router. Changes nothing.
    Exit status 1 when something fails; warnings do not count.

    \b
    Examples:
      kyozo doctor
      kyozo doctor --json
    """
    session = session_of(ctx)
    found: list[Finding] = []
    for finding in examine(session):
        found.append(finding)
        if not session.screen.is_json:
            _show(session, finding)
    if session.screen.is_json:
        session.screen.emit([asdict(finding) for finding in found])
    if any(finding.state is State.FAIL for finding in found):
        raise typer.Exit(FAILED)


def examine(session: Session) -> Iterator[Finding]:
    """One after the other, as some take seconds."""
    # They look into every part of the product; importing that takes half a second.
    from kyozo.cli import engine_checks, machine_checks, platform_checks  # noqa: PLC0415

    yield from engine_checks.run(session.state)
    yield from machine_checks.run(session.state)
    yield from platform_checks.run(session.state)


def _show(session: Session, finding: Finding) -> None:
    styles = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}
    text = f"{finding.state:<5} {finding.name:<10} {one_line(finding.text)}"
    session.screen.say(text, style=styles[finding.state])
    if finding.fix:
        session.screen.say(f"{'':<17}try: {one_line(finding.fix)}")
