"""What a service's instances wrote: from the engine while they exist, from our copy afterwards."""

from dataclasses import dataclass

from services.errors import EngineError
from services.lifecycle.describe import log_masker
from services.lifecycle.engine import runtime
from services.models import Instance, Service

MOST_LINES = 10_000


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line; `at` is RFC 3339 with nanoseconds, empty for lines kept from a removed instance."""

    at: str
    instance: str
    stream: str
    text: str


def tail(
    service: Service, *, lines: int = 100, since: str = "", stream: str = "", search: str = ""
) -> list[LogEntry]:
    """The last `lines` lines over all instances, oldest first. Text may hold anything."""
    wanted = min(max(lines, 0), MOST_LINES)
    found: list[LogEntry] = []
    # Lines are chosen here, so all that may be chosen from must be read.
    read = MOST_LINES if search or stream else wanted
    for instance in service.instances.alive().exclude(engine_id="").select_related("release"):
        found += _live(instance, read, since)
    if not found and not since:
        found = _kept(service)
    found.sort(key=lambda entry: entry.at)
    chosen = [e for e in found if stream in {"", e.stream} and search in e.text]
    return chosen[-wanted:] if wanted else []


def _live(instance: Instance, lines: int, since: str) -> list[LogEntry]:
    try:
        rows = list(runtime().logs(instance.engine_id, tail=lines, since=since))
    except EngineError:
        return []
    mask = log_masker(instance).mask
    return [LogEntry(row.at, instance.name, row.stream, mask(row.text)) for row in rows]


def _kept(service: Service) -> list[LogEntry]:
    """The last lines of the instance that ended last."""
    gone = service.instances.exclude(removed_at=None).exclude(last_lines="")
    last = gone.order_by("-removed_at").first()
    if last is None:
        return []
    return [LogEntry("", last.name, "stdout", text) for text in last.last_lines.split("\n")]
