"""`kyozo audit`: who did what."""

from typing import Annotated, Any

import typer

from kyozo.cli.screen import one_line
from kyozo.cli.session import session_of

A_PAGE = 500


def audit(
    ctx: typer.Context,
    *,
    action: Annotated[str, typer.Option(help="For example service.deploy.")] = "",
    actor: Annotated[str, typer.Option(help="Username, or prefix of a token.")] = "",
    what: Annotated[str, typer.Option("--object", help="Id or name of what was changed.")] = "",
    since: Annotated[str, typer.Option(help="For example 2030-01-31T12:00:00Z.")] = "",
    until: Annotated[str, typer.Option(help="Up to then.")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 50,
) -> None:
    """Show who did what, newest first.

    With --json also what was set before and after.

    \b
    Examples:
      kyozo audit
      kyozo audit --actor frida --since 2030-01-31T00:00:00Z
      kyozo audit --action token.create --json
    """
    session = session_of(ctx)
    asked = {"action": action, "actor": actor, "object": what, "since": since, "until": until}
    found: list[dict[str, Any]] = []
    after = ""
    while len(found) < limit:
        given = {name: value for name, value in (asked | {"after": after}).items() if value}
        given["limit"] = str(min(A_PAGE, limit - len(found)))
        answer = session.api.call("GET", session.api.team_path("/audit"), params=given)
        found += answer.data
        after = str(answer.meta.get("next") or "")
        if not after:
            break
    if session.screen.is_json:
        session.screen.emit(found)
        return
    session.screen.table(["AT", "WHO", "DID", "TO"], map(_row, found))


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    actor, thing = entry["actor"], entry["object"]
    who = actor["name"] or ("platform" if actor["kind"] == "platform" else "")
    at = str(entry["at"])[:16].replace("T", " ")
    return (at, one_line(who), one_line(entry["action"]), one_line(thing["name"]))
