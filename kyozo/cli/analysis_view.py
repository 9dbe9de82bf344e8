"""What an analysis found, a few lines a service: what it is, how it runs, and why we think so."""

from collections.abc import Iterator, Mapping
from typing import Any

from kyozo.cli.screen import Screen, one_line

SHOWN_EVIDENCE = 3


def show(screen: Screen, analysis: Mapping[str, Any]) -> None:
    for row in analysis.get("services") or []:
        screen.say(f"{one_line(row.get('name'))}: {_what(row)}", style="bold")
        for line in _how(row):
            screen.say(f"    {line}")
    for row in analysis.get("databases") or []:
        known = "declared" if row.get("declared") else "the code asks for it"
        screen.say(f"{one_line(row.get('name'))}: {one_line(row.get('kind'))} ({known})")
    for warning in analysis.get("warnings") or []:
        screen.say(f"note: {one_line(warning)}", style="yellow")


def _what(row: Mapping[str, Any]) -> str:
    words = [row.get("framework"), _language(row) or row.get("service_type")]
    confidence = row.get("confidence")
    sure = f" ({confidence:.0%} sure)" if isinstance(confidence, int | float) else ""
    return f"{one_line(', '.join(map(str, filter(None, words))))}{sure}"


def _language(row: Mapping[str, Any]) -> str:
    language, version = row.get("language"), row.get("language_version")
    # Neither has a version of its own here: it is the runtime's.
    runs_on = "on Node" if version and language in {"javascript", "typescript"} else None
    return " ".join(str(word) for word in (language, runs_on, version) if word)


def _how(row: Mapping[str, Any]) -> Iterator[str]:
    if row.get("dockerfile_path"):
        yield f"built by its own {one_line(row['dockerfile_path'])}"
    elif row.get("image"):
        yield f"runs the image {one_line(row['image'])}"
    if row.get("start_command"):
        port = f" on port {row['port']}" if row.get("port") else ""
        yield f"starts with: {one_line(row['start_command'])}{port}"
    for given in row.get("connections") or []:
        where = _where((given.get("evidence") or [{}])[0])
        value = given.get("value") or "what is known only when it runs"
        yield f"gets {one_line(given.get('variable'))}={one_line(value)}{where}"
    evidence = row.get("evidence") or []
    strongest = sorted(evidence, key=lambda one: -float(one.get("weight") or 0))
    for reason in strongest[:SHOWN_EVIDENCE]:
        line = f":{reason['line']}" if reason.get("line") else ""
        yield f"because {one_line(reason.get('file'))}{line}: {one_line(reason.get('detail'))}"


def _where(reason: Mapping[str, Any]) -> str:
    line = f":{reason['line']}" if reason.get("line") else ""
    return f" ({one_line(reason['file'])}{line})" if reason.get("file") else ""
