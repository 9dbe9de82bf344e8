"""Procfile: one image, several processes."""

import re
from dataclasses import dataclass, replace

from detection.hosting import read_hosting
from detection.model import DetectedService, Evidence
from detection.place import Place
from detection.programs import fitted
from detection.signs import port_in_command, port_in_gunicorn_config

_LINE = re.compile(r"^([A-Za-z0-9_-]+)\s*:\s*(.+)$")
# The web servers that a PHP buildpack brings, with the folder they serve as the last word.
_BUILDPACK_PHP = re.compile(r"^(?:\S*/)?heroku-(?:php|hhvm)-(?:apache2|nginx)\b(.*)$")
_NOT_SERVICES = frozenset({"console", "test", "dev"})


@dataclass(frozen=True, slots=True)
class Process:
    name: str
    command: str
    line: int | None = None
    file: str = "Procfile"


def read_procfile(place: Place) -> list[Process]:
    file = place.find("Procfile")
    if file is None:
        return []
    found: list[Process] = []
    for number, line in enumerate((place.text(file) or "").splitlines(), start=1):
        match = _LINE.match(line.strip())
        if match and match[1] not in _NOT_SERVICES:
            found.append(Process(match[1], match[2].strip(), number))
    return found


def hosted_processes(place: Place, *, alone: DetectedService) -> list[Process]:
    """Processes that other hosting files list, where they name more than the web one."""
    said = [s for s in read_hosting(place) if s.start and s.path == "." and not s.name]
    found = [Process(row.process, row.start or "", file=row.file) for row in said]
    found = [p for p in found if p.file == found[0].file]
    if all(process.name == "web" for process in found):
        return []
    if not any(process.name == "web" for process in found) and alone.start_command:
        found.insert(0, Process("web", alone.start_command, file=found[0].file))
    return found


def split(
    service: DetectedService, processes: list[Process], place: Place
) -> list[DetectedService]:
    """The service once per process; alone it keeps its own name. Of files to serve only one is."""
    if service.service_type == "static":
        processes = [process for process in processes if process.name == "web"]
    if not processes:
        return [service]
    return [_process(service, process, place, alone=len(processes) == 1) for process in processes]


def _process(
    service: DetectedService, process: Process, place: Place, *, alone: bool
) -> DetectedService:
    is_web = process.name == "web"
    evidence = Evidence(
        "procfile",
        place.full(process.file),
        f"{process.name}: {process.command}",
        0.9,
        process.line,
    )
    name = service.name if alone else _name(process, place)
    command = _without_buildpack(process.command)
    written = port_in_command(command) or port_in_gunicorn_config(place, command)
    port = written or service.port or 8000
    return fitted(
        replace(
            service,
            name=name,
            process=process.name,
            start_command=command,
            port=port if is_web else None,
            health_endpoint=service.health_endpoint if is_web else None,
            confidence=max(service.confidence, 0.9),
            evidence=(evidence, *service.evidence),
        )
    )


def _without_buildpack(command: str) -> str:
    """PHP's own server over the same folder, where the command is a program of a buildpack."""
    match = _BUILDPACK_PHP.match(command)
    if match is None:
        return command
    words = re.sub(r"(?:^|\s)-[CFil]\s*\S+", " ", match[1]).split()
    served = [word.rstrip("/") for word in words if not word.startswith("-")]
    return "php -S 0.0.0.0:$PORT" + (f" -t {served[-1]}" if served else "")


def _name(process: Process, place: Place) -> str:
    bare = process.name.lower().replace("_", "-").strip("-")
    if place.path == ".":
        return bare
    folder = place.path.rpartition("/")[2].lower()
    return folder if bare == "web" else f"{folder}-{bare}"
