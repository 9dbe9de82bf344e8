"""What a service's instances wrote: from the engine while they exist, from our copy afterwards."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from services.errors import EngineError
from services.lifecycle.describe import log_masker, parse_kept
from services.lifecycle.engine import runtime
from services.models import Instance, Service, WantedState
from services.monitoring.positions import (
    EARLIEST,
    NOTHING,
    STREAMS,
    TIMES,
    Mark,
    Position,
    following,
    nanoseconds,
)
from services.runtimes.base import LogLine

MOST_LINES = 10_000
MOST_TEXT = 4 * 1024 * 1024
MOST_CURSORS = 16 * 1024 * 1024  # each line has one of its own
MOST_GONE = 20


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line; `at` is RFC 3339 with nanoseconds, empty for lines kept without. `source` is the
    stream of the instance that wrote it."""

    at: str
    instance: str
    stream: str
    text: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which lines somebody wants; empty parts do not narrow."""

    stream: str = ""
    search: str = ""

    def admits(self, entry: LogEntry) -> bool:
        return self.stream in {"", entry.stream} and self.search in entry.text


@dataclass(slots=True)
class Share:
    """What one of several instances may fill the memory with; the next time goes on after it."""

    lines: int
    text: int
    is_spent: bool = False

    @classmethod
    def of(cls, instances: int, *, cursor: str = "") -> "Share":
        """The same for each, so that one that floods does not silence the others."""
        lines = min(MOST_LINES, MOST_CURSORS // len(cursor)) if cursor else MOST_LINES
        parts = max(1, instances)
        return cls(max(1, lines // parts), max(1, MOST_TEXT // parts))

    def cut(self, entries: Iterable[LogEntry]) -> Iterator[LogEntry]:
        size = 0
        for number, entry in enumerate(entries):
            if number == self.lines or size > self.text:
                self.is_spent = True
                return
            yield entry
            size += len(entry.text)


@dataclass(frozen=True, slots=True)
class Latest:
    """`floors`: for each stream of what lives, from when on its lines are news."""

    entries: list[LogEntry]
    floors: dict[str, int]


def latest(service: Service, wish: Wish, *, lines: int, since: str = "") -> Latest:
    """All that the last `lines` lines that are wished for may be chosen from, oldest first."""
    found: list[LogEntry] = []
    floors: dict[str, int] = {}
    living = list(_living(service))
    share = Share.of(len(living))
    read = share.lines if wish != Wish() else min(share.lines, lines)
    for instance in living:
        entries, floor = _last_of(instance, Share(read, share.text), since=since)
        floors |= dict.fromkeys(_sources(instance), floor)
        found += entries
    if not found and not since:
        found = _kept_of_last(service)
    found.sort(key=lambda entry: entry.at)
    return Latest(found, floors)


def _last_of(instance: Instance, share: Share, *, since: str) -> tuple[list[LogEntry], int]:
    """And from when on the instance says what nobody was told, or chose not to be."""
    asked_at = timezone.now()
    entries: deque[LogEntry] = deque()
    size, is_cut = 0, False
    try:
        for entry in _lines(instance, since=since, tail=share.lines):
            entries.append(entry)
            size += len(entry.text)
            while size > share.text and len(entries) > 1:
                size -= len(entries.popleft().text)
                is_cut = True
    except EngineError:
        return [], nanoseconds(since or asked_at)
    is_cut = is_cut or len(entries) >= share.lines
    return list(entries), nanoseconds(entries[0].at if is_cut else since or EARLIEST)


@dataclass(frozen=True, slots=True)
class News:
    """`is_all`: nothing was left for the next time."""

    entries: list[LogEntry]
    is_all: bool


def after(service_id: UUID, position: Position) -> News | None:
    """What came after a position, oldest first, as much as one answer may hold; None when there is
    no such service any more."""
    rows = Service.objects.exclude(wanted_state=WantedState.REMOVED)
    service = rows.filter(pk=service_id).first()
    if service is None:
        return None
    found: list[LogEntry] = []
    living = list(_living(service))
    for source in (source for instance in living for source in _sources(instance)):
        position.start_at(source, TIMES[0])
    share = Share.of(len(living), cursor=position.text())
    for instance in living:
        entries = _read(instance, since=position.since(_short(instance)))
        found += share.cut(_new(entries, position))
    # Whose row was closed meanwhile was read just now; the rest of it comes the next time.
    gone = [row for row in _gone(service, position) if row not in living]
    rest = Share.of(len(gone), cursor=position.text())
    for instance in gone:
        found += rest.cut(_new(_kept(instance), position))
    position.keep({_short(instance) for instance in (*living, *gone)})
    found.sort(key=lambda entry: entry.at)
    return News(found, is_all=not (share.is_spent or rest.is_spent))


def _new(entries: Iterable[LogEntry], position: Position) -> Iterator[LogEntry]:
    seen: dict[str, Mark] = {}
    for entry in entries:
        if not entry.at:
            continue
        at = nanoseconds(entry.at)
        mark = seen[entry.source] = following(seen.get(entry.source, NOTHING), at)
        if mark > position.marks.get(entry.source, NOTHING):
            yield entry


def _living(service: Service) -> Iterable[Instance]:
    rows = service.instances.alive().exclude(engine_id="")
    return rows.select_related("release", "service")


def _gone(service: Service, position: Position) -> list[Instance]:
    """Those that ended while somebody followed them, or came and went in between."""
    rows = service.instances.exclude(removed_at=None).exclude(last_lines="")
    rows = rows.filter(Q(removed_at__gte=position.began) | Q(created_at__gte=position.began))
    last = rows.order_by("-removed_at")[:MOST_GONE]
    return [row for row in last if row.created_at >= position.began or position.knows(_short(row))]


def _read(instance: Instance, *, since: str) -> Iterator[LogEntry]:
    """Up to where the engine breaks off: what is missing comes the next time."""
    with suppress(EngineError):
        yield from _lines(instance, since=since, tail=None)


def _lines(instance: Instance, *, since: str, tail: int | None) -> Iterator[LogEntry]:
    mask = log_masker(instance).mask
    for row in runtime().logs(instance.engine_id, tail=tail, since=since):
        yield _entry(instance, row, mask(row.text))


def _entry(instance: Instance, row: LogLine, text: str) -> LogEntry:
    source = f"{_short(instance)}.{row.stream}"
    return LogEntry(row.at, instance.name, row.stream, text, source)


def _short(instance: Instance) -> str:
    return instance.id.hex[:12]


def _sources(instance: Instance) -> list[str]:
    return [f"{_short(instance)}.{stream}" for stream in STREAMS]


def _kept(instance: Instance) -> Iterator[LogEntry]:
    for row in parse_kept(instance.last_lines):
        yield _entry(instance, row, row.text)


def _kept_of_last(service: Service) -> list[LogEntry]:
    """The last lines of the instance that ended last."""
    gone = service.instances.exclude(removed_at=None).exclude(last_lines="")
    last = gone.order_by("-removed_at").first()
    return [] if last is None else list(_kept(last))
