"""The readable report of `python -m detection FOLDER`."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from detection.model import Analysis, DetectedDatabase, DetectedService

_EVIDENCE_SHOWN = 6


def print_report(found: Analysis, console: Console | None = None) -> None:
    out = console or Console()
    out.print(
        f"[bold]{escape(found.folder)}[/]: {found.service_type}, {_percent(found.confidence)}"
    )
    if found.reason:
        out.print(f"[yellow]Nothing to deploy: {escape(found.reason)}[/]")
    for service in found.services:
        out.print(_service(service))
    for database in found.databases:
        out.print(_database(database))
    for edge in found.edges:
        out.print(f"  {escape(edge.source)} -> {escape(edge.target)} ({edge.type})")
    for warning in found.warnings:
        out.print(f"[yellow]! {escape(warning)}[/]")
    out.print(
        f"[dim]{found.files_seen} files seen, {found.files_pruned} passed over,"
        f" {found.elapsed_ms:.1f} ms[/]"
    )


def _percent(confidence: float) -> str:
    return f"{confidence:.0%} sure"


def _service(service: DetectedService) -> Table:
    grid = Table(title=_title(service), title_justify="left", show_header=False, box=None)
    grid.add_column(style="dim", justify="right")
    grid.add_column()
    for label, value in _facts(service):
        if value:
            grid.add_row(label, escape(value))
    for item in service.evidence[:_EVIDENCE_SHOWN]:
        where = f"{item.file}:{item.line}" if item.line else item.file
        grid.add_row(
            "because", f"{escape(where)}: {escape(item.detail)} [dim]({item.weight:+.2f})[/]"
        )
    for other in service.runners_up:
        grid.add_row(
            "not", f"{other.service_type} ({other.confidence:.2f}): {escape(other.why_not)}"
        )
    return grid


def _title(service: DetectedService) -> str:
    kind = service.framework or service.language or service.service_type
    sure = _percent(service.confidence)
    return f"{escape(service.name)} ({escape(service.process)}, {escape(kind)}, {sure})"


def _facts(service: DetectedService) -> list[tuple[str, str]]:
    version = f"{service.language or ''} {service.language_version or ''}".strip()
    return [
        ("folder", service.path),
        ("image", service.image or ""),
        ("Dockerfile", service.dockerfile_path or ""),
        ("language", version),
        ("packages", service.package_manager or ""),
        ("install", service.install_command or ""),
        ("build", service.build_command or ""),
        ("start", service.start_command or ""),
        ("serves", service.output_directory or ""),
        ("port", str(service.port or "")),
        ("health", service.health_endpoint or ""),
        ("needs", ", ".join(v.name for v in service.environment if v.required)),
    ]


def _database(database: DetectedDatabase) -> str:
    how = database.image or "proposed: the code asks for it"
    return f"  [bold]{escape(database.name)}[/]: {database.kind} ({escape(how)})"
