"""`kyozo clean`: take away what nobody wants any more."""

from typing import Annotated, Any

import typer

from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of

MIB = 1024 * 1024


def clean(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
) -> None:
    """Remove images and containers that nobody wants.

    Images of releases that nobody can go back to, of builds that came to nothing, of services that
    are gone; public images that Kyozo pulled and nothing asks for. Never a volume, never what Kyozo
    did not make. The platform does the same every hour.

    \b
    Examples:
      kyozo clean --dry-run
      kyozo clean
    """
    session = session_of(ctx)
    api = session.api
    report = api.post(api.team_path("/clean"), {"dry_run": dry_run}).data
    if session.screen.is_json:
        session.screen.emit(report)
        return
    _show(session, report)


def _show(session: Session, report: dict[str, Any]) -> None:
    rows = [
        (thing["kind"], thing["name"], _size(thing["size_bytes"]), thing["why"])
        for thing in report["removed"]
    ]
    if rows:
        headings = ["GOES" if report["is_dry_run"] else "REMOVED", "NAME", "SIZE", "WHY"]
        session.screen.table(headings, rows)
    else:
        session.screen.say("nothing to clean")
    for thing in report["refused"]:
        session.screen.note(f"left: {one_line(thing['name'])}: {one_line(thing['why'])}")
    if report["freed_bytes"] is not None:
        session.screen.say(f"{_size(report['freed_bytes']) or '0 MB'} freed")


def _size(size_bytes: int) -> str:
    return f"{size_bytes / MIB:.0f} MB" if size_bytes else ""
