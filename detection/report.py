"""The readable report of `python -m detection FOLDER`."""

from collections.abc import Iterable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from detection.model import Analysis, DetectedDatabase, DetectedService, Edge, Evidence

_EVIDENCE_SHOWN = 6
_SHOWN_BESIDE = 100
_NAMES = {
    "nodejs": "Node.js",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "php": "PHP",
    "html": "HTML",
    "dotnet": ".NET",
}


def print_report(found: Analysis, console: Console | None = None) -> None:
    """Colours are for terminals, and not where NO_COLOR is set: rich knows both."""
    out = console or Console(highlight=False)
    if console is None and not out.is_terminal:
        out = Console(highlight=False, width=_SHOWN_BESIDE)
    out.print(_headline(found))
    if found.reason:
        out.print(Text(f"Nothing to deploy: {found.reason}", "yellow"), soft_wrap=True)
    for part in _parts(found):
        out.print()
        out.print(part)
    passed_over = f"{_count(found.files_pruned, 'name')} passed over"
    seen = f"{_count(found.files_seen, 'file')} seen, {passed_over}, {found.elapsed_ms:.1f} ms"
    out.print()
    out.print(Text(seen, "dim"))


def _headline(found: Analysis) -> Text:
    counted = [_count(len(found.services), "service")] if found.services else []
    counted += [_count(len(found.databases), "database")] if found.databases else []
    line = Text(plain(found.folder), "bold")
    line.append(f"  {found.service_type}", "bold cyan")
    line.append("".join(f" · {words}" for words in counted), "not bold")
    return line


def _parts(found: Analysis) -> Iterator[RenderableType]:
    for service in found.services:
        yield Group(_title(service), Padding(_facts(service), (0, 0, 0, 2), expand=False))
    if found.databases:
        yield Group(*(_database(database) for database in found.databases))
    if found.edges:
        yield _edges(found.edges)
    if found.warnings:
        yield Group(*(Text(f"! {plain(warning)}", "yellow") for warning in found.warnings))


def _title(service: DetectedService) -> Text:
    line = Text("● ", _color(service.confidence))
    line.append(plain(service.name), "bold")
    line.append(f"  {', '.join(_what(service))}")
    process = "" if service.process == "web" else f"  {plain(service.process)}"
    line.append(process or (f"  on port {service.port}" if service.port else ""), "cyan")
    line.append(f"  {service.confidence:.0%} sure", _color(service.confidence))
    return line


def _what(service: DetectedService) -> Iterator[str]:
    language = service.language or service.service_type
    if service.image:
        language = "a ready image"
    if service.framework:
        yield plain(service.framework)
    name = _NAMES.get(language, plain(language).capitalize() if language.isalpha() else language)
    runs_on = (
        " on Node" if service.language_version and name in {"TypeScript", "JavaScript"} else ""
    )
    yield f"{name}{runs_on} {plain(service.language_version or '')}".strip()


def _color(confidence: float) -> str:
    return "green" if confidence >= 0.9 else "yellow" if confidence >= 0.7 else "red"


def _facts(service: DetectedService) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="dim", justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, value, style in (
        ("folder", service.path if service.path != "." else "", ""),
        ("image", service.image, ""),
        ("Dockerfile", service.dockerfile_path, ""),
        ("installs", service.install_command, ""),
        ("builds", service.build_command, ""),
        ("serves", service.output_directory, ""),
        ("starts", service.start_command, "bold"),
        ("health", service.health_endpoint, ""),
        ("needs", ", ".join(v.name for v in service.environment if v.required), ""),
    ):
        if value:
            grid.add_row(label, Text(plain(value), style))
    for label, item in _labelled("because", _strongest(service.evidence)):
        grid.add_row(label, _reason(item))
    for other in service.runners_up:
        why = f"{other.service_type} ({other.confidence:.0%}): {plain(other.why_not)}"
        grid.add_row("not", Text(why, "dim"))
    return grid


def _strongest(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    """Each detail once: several processes of one source share most of it."""
    ordered = sorted(evidence, key=lambda item: -abs(item.weight))
    return list({(item.file, item.detail): item for item in ordered}.values())[:_EVIDENCE_SHOWN]


def _labelled(label: str, items: Iterable[Evidence]) -> Iterator[tuple[str, Evidence]]:
    for number, item in enumerate(items):
        yield ("" if number else label), item


def _reason(item: Evidence) -> Text:
    where = f"{item.file}:{item.line}" if item.line else item.file
    line = Text(plain(where), "cyan")
    line.append(f"  {plain(item.detail)}", "not bold default")
    if item.weight:
        line.append(f"  {item.weight:+.2f}", "dim default")
    return line


def _database(database: DetectedDatabase) -> Text:
    known = f"{database.kind} {database.version or ''}".strip()
    line = Text("◆ ", "magenta")
    line.append(plain(database.name), "bold")
    line.append(f"  {plain(known)}" if known != database.name else "")
    line.append(f"  {plain(database.image or 'proposed: the code asks for it')}", "dim")
    return line


def _edges(edges: tuple[Edge, ...]) -> Table:
    grid = Table.grid(padding=(0, 1))
    for edge in edges:
        why = edge.evidence[0].detail if edge.evidence else edge.type
        ends = Text.assemble((plain(edge.source), "bold"), " → ", (plain(edge.target), "bold"))
        grid.add_row(ends, Text(plain(why), "dim"))
    return grid


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def plain(text: str) -> str:
    """What somebody's files say, without a way to steer a terminal."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
