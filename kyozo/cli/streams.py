"""`kyozo logs` and `kyozo events`: what was said and what happened, once or as it comes."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kyozo.cli.answers import Service
from kyozo.cli.errors import CliError
from kyozo.cli.happenings import what_happened
from kyozo.cli.names import find_service
from kyozo.cli.screen import clean, one_line
from kyozo.cli.session import Session, session_of

if TYPE_CHECKING:
    from kyozo.cli.live import Frame, LiveSocket

LOG_POLL_S = 1.0
FRAME_S = 1.0
RECONNECT_S = 2.0
EVENT_NAMES = {"deployment_event", "service_status_changed"}


def logs(
    ctx: typer.Context,
    service: Annotated[str, typer.Argument(help="Name, or its beginning.")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10000)] = 100,
    instance: Annotated[
        str, typer.Option(help="Only of this instance, also of one that ended.")
    ] = "",
    build: Annotated[bool, typer.Option("--build", help="The log of the last build.")] = False,
) -> None:
    """Show what a service or its build said, also the instances that ended.

    \b
    Examples:
      kyozo logs api
      kyozo logs api --follow -n 20
      kyozo logs api --instance kyozo-api-1a2b3c4d-g3-1
      kyozo logs api --build
    """
    session = session_of(ctx)
    chosen = find_service(session.api, service)
    if build:
        _show_build(session, chosen)
        return
    wish = {"instance": instance} if instance else {}
    cursor = show_lines(session, chosen, lines=lines, **wish)
    while follow:
        time.sleep(LOG_POLL_S)
        cursor = show_lines(session, chosen, cursor=cursor, **wish)


def show_lines(session: Session, service: Service, **want: object) -> str:
    """Print them; the cursor that goes on after them. One time for all would lose what a slower
    instance says later with an earlier time."""
    found = session.api.get(session.api.team_path(f"/services/{service.id}/logs"), **want)
    for row in found.get("lines") or []:
        if session.screen.is_json:
            session.screen.emit_line(row)
        else:
            session.screen.say(f"{clean(row['at'])[:23]}  {one_line(row['text'])}")
    return str(found["cursor"])


def _show_build(session: Session, service: Service) -> None:
    api = session.api
    operations = api.get(api.team_path("/operations"), service_id=service.id)
    build_id = next((row["build_id"] for row in operations if row.get("build_id")), None)
    if build_id is None:
        raise CliError(f"{service.name} was never built", fix=f"kyozo deploy --only {service.name}")
    last = 0
    while True:
        path = api.team_path(f"/builds/{build_id}/log")
        found = api.get(path, after=last)
        for chunk in found["chunks"]:
            session.screen.say(str(chunk["text"]).removesuffix("\n"))
        if not found["chunks"]:
            return
        last = int(found["last"])


def events(
    ctx: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new ones.")] = False,
    service: Annotated[str, typer.Option(help="Only of this service.")] = "",
    limit: Annotated[int, typer.Option("--limit", "--lines", "-n", min=1, max=1000)] = 20,
) -> None:
    """Show what happened, newest last.

    \b
    Examples:
      kyozo events
      kyozo events --limit 100
      kyozo events --follow --service api
    """
    session = session_of(ctx)
    api = session.api
    service_id = find_service(api, service).id if service else ""
    found = api.get(api.team_path("/events"), limit=limit, service_id=service_id)
    for row in found:
        _show_event(session, row, row)
    if follow:
        last = int(found[-1]["sequence_number"]) if found else None
        _follow_events(session, last, service_id)


def _follow_events(session: Session, last: int | None, service_id: str) -> None:
    """Until Ctrl-C; a lost connection is taken up after the last number seen."""
    # The socket's library is for those who follow only.
    from kyozo.cli.live import LiveClosedError, LiveSocket  # noqa: PLC0415

    while True:
        try:
            live = LiveSocket(session.api, since=last)
            last = _pump(session, live, service_id)
        except LiveClosedError:
            time.sleep(RECONNECT_S)


def _pump(session: Session, live: "LiveSocket", service_id: str) -> int | None:
    from kyozo.cli.live import LiveClosedError  # noqa: PLC0415

    while True:
        try:
            frame = live.receive(FRAME_S)
        except LiveClosedError:
            return live.last
        if frame and _is_wanted(frame, service_id):
            raw = {**frame.payload, "event": frame.event, "sequence_number": frame.number}
            _show_event(session, raw, frame.payload)


def _is_wanted(frame: "Frame", service_id: str) -> bool:
    return frame.event in EVENT_NAMES and service_id in {"", str(frame.payload.get("service_id"))}


def _show_event(session: Session, raw: Mapping[str, Any], row: Mapping[str, Any]) -> None:
    if session.screen.is_json:
        session.screen.emit_line(raw)
        return
    when = row.get("occurred_at") or row.get("timestamp") or ""
    name = row.get("service_name") or row.get("name") or row.get("service_id") or ""
    why = row.get("error_message") or ""
    session.screen.say(one_line(f"{when}  {name}  {what_happened(row)}  {why}").rstrip())
