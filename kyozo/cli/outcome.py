"""How operations ended: addresses when all went well, else what failed and what to do."""

from collections.abc import Mapping
from typing import Any

from kyozo.cli.answers import Operation, Url
from kyozo.cli.screen import Screen, one_line

SHOWN_LINES = 20


def show_failure(screen: Screen, operation: Operation) -> None:
    """The stage, why, where in the Dockerfile, how the program ended, its last words, what next."""
    failure = operation.failure
    stage = failure.get("stage") or ""
    screen.say()
    head = f"{one_line(operation.service_name)}: {operation.kind} {operation.state}"
    screen.say(f"{head} at {one_line(stage)}" if stage else head, style="red")
    for line in _facts(failure):
        screen.say(f"  {line}")
    if lines := _tail(failure):
        screen.say("  last lines:")
        screen.lines(lines, indent="    | ")
    if fix := failure.get("fix"):
        screen.say(f"  try: {one_line(fix)}", style="bold")


def _facts(failure: Mapping[str, Any]) -> list[str]:
    found = [one_line(failure.get("message") or "no reason was recorded")]
    message = found[0]
    line = failure.get("dockerfile_line")
    if line and f"line {line} of the Dockerfile" not in message:
        found.append(f"Dockerfile line {one_line(line)}: {one_line(failure.get('step') or '')}")
    code = failure.get("exit_code")
    if code is not None and f"code {code}" not in message:
        found.append(f"exit code {one_line(code)}")
    if failure.get("oom"):
        found.append("it was ended because it used more memory than it may")
    details = failure.get("details")
    for name, complaints in details.items() if isinstance(details, dict) else ():
        shown = ", ".join(map(str, complaints)) if isinstance(complaints, list) else complaints
        found.append(f"{one_line(name)}: {one_line(shown)}")
    return found


def _tail(failure: Mapping[str, Any]) -> list[str]:
    lines = failure.get("log_tail") or failure.get("tail") or []
    lines = lines.splitlines() if isinstance(lines, str) else lines
    return [str(line) for line in lines][-SHOWN_LINES:]


def show_urls(screen: Screen, name: str, urls: tuple[Url, ...]) -> None:
    for place in urls:
        note = "" if place.kind != "host" else "  (browsers and curl)"
        screen.say(f"  {one_line(name)}  {one_line(place.url)}{note}")


def show_endings(screen: Screen, operations: list[Operation]) -> None:
    """Everything a person wants to know at the end of a command that changed services."""
    for operation in operations:
        if not operation.has_succeeded:
            show_failure(screen, operation)
    served = [o for o in operations if o.has_succeeded and o.kind not in {"stop", "remove"}]
    if any(o.urls for o in served):
        screen.say()
    for operation in served:
        if (operation.raw.get("result") or {}).get("unchanged"):
            screen.say(f"  {one_line(operation.service_name)}  unchanged: healthy, left as it is")
        if operation.urls:
            show_urls(screen, operation.service_name, operation.urls)
        elif operation.kind == "deploy":
            screen.say(f"  {one_line(operation.service_name)}  runs (it has no HTTP port)")
