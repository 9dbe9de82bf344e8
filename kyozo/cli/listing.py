"""`kyozo ls` and `kyozo status`: what runs, and how it is."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kyozo.cli.answers import Service
from kyozo.cli.happenings import what_happened
from kyozo.cli.names import all_services, find_service
from kyozo.cli.releases import get_releases, show_releases
from kyozo.cli.screen import one_line
from kyozo.cli.session import Session, session_of

SHOWN_EVENTS = 5
SHOWN_RELEASES = 5


def ls(ctx: typer.Context) -> None:
    """List the services.

    \b
    Examples:
      kyozo ls
      kyozo ls --json
    """
    session = session_of(ctx)
    found = all_services(session.api)
    if session.screen.is_json:
        session.screen.emit([service.raw for service in found])
    elif found:
        session.screen.table(["NAME", "STATUS", "HEALTH", "REPLICAS", "URL"], map(_row, found))
    else:
        session.screen.say("no services; deploy a folder with `kyozo deploy FOLDER`")


def _row(service: Service) -> tuple[str, ...]:
    first = service.urls[0].url if service.urls else ""
    health = str(service.raw.get("health_status") or "")
    return (service.name, service.status, health, service.replicas, first)


def status(
    ctx: typer.Context,
    service: Annotated[str, typer.Argument(help="Name, or its beginning.")] = "",
) -> None:
    """Show one service in full.

    State with its age, addresses, use, last events and releases. Without a name: all services.

    \b
    Examples:
      kyozo status
      kyozo status api
    """
    session = session_of(ctx)
    if not service:
        ls(ctx)
        return
    api = session.api
    chosen = find_service(api, service)
    path = api.team_path(f"/services/{chosen.id}")
    detail = api.get(path)
    use = api.get(f"{path}/status")
    releases = get_releases(session, chosen.id)[:SHOWN_RELEASES]
    if session.screen.is_json:
        session.screen.emit({**detail, **use, "releases": releases})
        return
    for label, value in _facts(Service.parse(detail), use):
        session.screen.say(f"{label:<12} {one_line(value)}")
    _show_last_lines(session, detail.get("status_detail") or {})
    _show_events(session, detail.get("deployment_events") or [])
    if releases:
        session.screen.say("last releases")
        show_releases(session, releases)


def _facts(service: Service, use: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    raw = service.raw
    yield "name", service.name
    yield "status", f"{service.status}{_age(raw.get('observed_at'))}"
    rows = {
        "reason": raw.get("status_reason"),
        "fix": (raw.get("status_detail") or {}).get("fix"),
        "deployment": raw.get("deployment_status"),
        "health": raw.get("health_status"),
        "replicas": service.replicas,
        "release": raw.get("release"),
        "uptime": use.get("uptime"),
        "folder": f"{(raw.get('workspace') or {}).get('name')}:{service.folder_path}",
        "use": _use(use.get("resource_usage") or {}),
        "pending": "changes wait for the next deploy" if raw.get("has_pending_changes") else "",
    }
    yield from ((label, value) for label, value in rows.items() if value)
    for place in service.urls:
        yield "url", place.url


def _use(use: Mapping[str, Any]) -> str:
    parts = {"cpu_percent": "% cpu", "memory_usage_mb": " MB memory"}
    return ", ".join(f"{use[key]}{unit}" for key, unit in parts.items() if use.get(key) is not None)


def _age(moment: object) -> str:
    """No state without its age: what was seen long ago may be otherwise now."""
    try:
        seen = datetime.fromisoformat(str(moment))
    except ValueError:
        return ""
    return f", seen {max(0, round((datetime.now(UTC) - seen).total_seconds()))} s ago"


def _show_last_lines(session: Session, trouble: Mapping[str, Any]) -> None:
    """What an instance in a crash loop wrote before it ended."""
    if lines := trouble.get("log_tail") or []:
        session.screen.say("last lines")
    for line in lines:
        session.screen.say(f"  {one_line(line)}")


def _show_events(session: Session, events: list[Mapping[str, Any]]) -> None:
    if events:
        session.screen.say("last events")
    for event in events[:SHOWN_EVENTS]:
        message = event.get("error_message") or ""
        line = f"  {event.get('occurred_at')}  {what_happened(event)}  {message}"
        session.screen.say(one_line(line).rstrip())
