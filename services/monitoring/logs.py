"""What a service's instances wrote: from the engine while they exist, from our copy afterwards."""

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from services.errors import EngineError
from services.lifecycle.describe import LogMaskers
from services.lifecycle.engine import runtime
from services.lifecycle.kept_lines import KEPT_INSTANCES, parse_kept
from services.models import Instance, Service, WantedState
from services.models.instance import InstanceQuerySet
from services.monitoring.lines import LogEntry, Tail, Wish
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
# Of the kept text, for the first lines of one reader; one instance's is in memory at a time.
MOST_KEPT = 16 * 1024 * 1024


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
    """`marks`: from where on each stream is of interest; `read`: how far it was read. `ended`: when
    those did whose end is among what was read."""

    entries: list[LogEntry]
    marks: dict[str, Mark]
    read: dict[str, Mark]
    ended: dict[str, datetime]

    def lead(self, position: Position, entry: LogEntry, *, began: datetime) -> None:
        """To right behind an entry: past what all others said before it, and beginning before the
        end of whoever said more, because who ended earlier is not looked at."""
        position.take(entry.source, entry.mark)
        moment = (entry.mark[0], 0)
        for source, last in self.read.items():
            stands = position.marks.get(source, NOTHING)
            position.take(source, max(stands, min(last, moment)))
        ends = (
            end
            for one, end in self.ended.items()
            if position.marks.get(one, NOTHING) < self.read[one]
        )
        position.began = min((began, *ends))

    def lead_to_end(self, position: Position, *, began: datetime) -> None:
        """Of who ended before that nothing is told any more."""
        position.began, position.marks = began, self.marks | self.read
        sources = (one for one in position.marks if self.ended.get(one, began) >= began)
        position.keep({source.partition(".")[0] for source in sources})


def latest(service: Service, wish: Wish, *, lines: int, since: str = "") -> Latest:
    """The last `lines` lines that are wished for, of what lives and of what ended, oldest first;
    fewer where they are long."""
    tail = Tail(wish, lines, MOST_TEXT, nanoseconds(since))
    living = list(_living(service))
    floors = dict.fromkeys((source for one in living for source in _sources(one)), _now())
    asked = [row for row in living if wish.names(row)]
    share, maskers = Share.of(len(asked)), LogMaskers(service)
    read = min(share.lines, lines) if wish.is_all_of_an_instance else share.lines
    for instance in asked:
        entries, floor = _last_of(instance, Share(read, share.text), maskers, since=since)
        floors |= dict.fromkeys(_sources(instance), floor)
        tail.add(entries)
    # After the living ones: who ends meanwhile is among those, and not missed.
    ended = _add_ended(service, tail, maskers, without=living)
    marks = {source: (floor, 0) for source, floor in floors.items() if floor}
    return Latest(tail.entries, marks | tail.starts(), tail.read, ended)


def _add_ended(
    service: Service, tail: Tail, maskers: LogMaskers, *, without: Iterable[Instance]
) -> dict[str, datetime]:
    """The newest first, as long as they may have said one of the lines."""
    told: dict[str, datetime] = {}
    left = MOST_KEPT
    name = tail.wish.instance
    rows = _ended(service).filter(name=name) if name else _ended(service)
    for instance, ended_at in _ends(rows):
        if left <= 0 or not tail.may_have(ended_at):
            break
        if instance in without:
            continue
        text = _kept_text(instance)
        left -= len(text)
        tail.add(_entries(instance, parse_kept(text), maskers))
        told |= {source: ended_at for source in _sources(instance) if source in tail.read}
    return told


def _last_of(
    instance: Instance, share: Share, maskers: LogMaskers, *, since: str
) -> tuple[list[LogEntry], int]:
    """And from when on the instance says what nobody was told, or chose not to be."""
    asked_at = _now()
    entries: deque[LogEntry] = deque()
    size, is_cut = 0, False
    try:
        for entry in _lines(instance, maskers, since=since, tail=share.lines):
            entries.append(entry)
            size += len(entry.text)
            while size > share.text and len(entries) > 1:
                size -= len(entries.popleft().text)
                is_cut = True
    except EngineError:
        return [], nanoseconds(since) or asked_at
    is_cut = is_cut or len(entries) >= share.lines
    return list(entries), nanoseconds(entries[0].at if is_cut else since or EARLIEST)


@dataclass(frozen=True, slots=True)
class News:
    """`is_all`: nothing was left for the next time."""

    entries: list[LogEntry]
    is_all: bool


def after(service_id: UUID, position: Position, wish: Wish, *, finished: set[UUID]) -> News | None:
    """What came after a position, oldest first, as much as one answer may hold; None when there is
    no such service any more. `finished`: who ended and is told to the end."""
    rows = Service.objects.exclude(wanted_state=WantedState.REMOVED)
    service = rows.filter(pk=service_id).first()
    if service is None:
        return None
    living = list(_living(service))
    for source in (source for instance in living for source in _sources(instance)):
        position.start_at(source, TIMES[0])
    # Whose row was closed meanwhile is read now; the rest of it comes the next time.
    maskers = LogMaskers(service)
    spoken = _of_living([row for row in living if wish.names(row)], position, maskers)
    gone = [row for row in _gone(service, position) if row not in living]
    finished &= {row.pk for row in gone}
    unread = [row for row in gone if wish.names(row) and row.pk not in finished]
    last = _of_gone(unread, position, maskers, finished=finished)
    position.keep({_short(instance) for instance in (*living, *gone)})
    found = sorted((*spoken.entries, *last.entries), key=lambda entry: entry.at)
    return News(found, is_all=spoken.is_all and last.is_all)


def _of_living(living: list[Instance], position: Position, maskers: LogMaskers) -> News:
    share = Share.of(len(living), cursor=position.text())
    found: list[LogEntry] = []
    for instance in living:
        entries = _read(instance, maskers, since=position.since(_short(instance)))
        found += share.cut(_new(entries, position))
    return News(found, is_all=not share.is_spent)


def _of_gone(
    gone: list[Instance], position: Position, maskers: LogMaskers, *, finished: set[UUID]
) -> News:
    """What ended never says more, so its text is read once and not at each look."""
    found: list[LogEntry] = []
    is_all = True
    for instance in gone:
        share = Share.of(len(gone), cursor=position.text())
        kept = _entries(instance, parse_kept(_kept_text(instance)), maskers)
        found += share.cut(_new(kept, position))
        if share.is_spent:
            is_all = False
        else:
            finished.add(instance.pk)
    return News(found, is_all=is_all)


def _new(entries: Iterable[LogEntry], position: Position) -> Iterator[LogEntry]:
    for entry in entries:
        if entry.at and entry.mark > position.marks.get(entry.source, NOTHING):
            yield entry


def _living(service: Service) -> Iterable[Instance]:
    rows = service.instances.alive().exclude(engine_id="")
    return rows.select_related("release")


def _ended(service: Service) -> InstanceQuerySet:
    """Who left something to read, who ended last first; without it, because it may be long."""
    rows = service.instances.exclude(removed_at=None).exclude(last_lines="")
    return rows.select_related("release").order_by("-removed_at").defer("last_lines")


def _ends(rows: InstanceQuerySet) -> Iterator[tuple[Instance, datetime]]:
    for row in rows[:KEPT_INSTANCES]:
        if row.removed_at is not None:
            yield row, row.removed_at


def _gone(service: Service, position: Position) -> list[Instance]:
    """Those that ended while somebody followed them, or came and went in between."""
    began = position.began
    last = _ended(service).filter(Q(removed_at__gte=began) | Q(created_at__gte=began))
    found = last[:KEPT_INSTANCES]
    return [row for row in found if row.created_at >= began or position.knows(_short(row))]


def _read(instance: Instance, maskers: LogMaskers, *, since: str) -> Iterator[LogEntry]:
    """Up to where the engine breaks off: what is missing comes the next time."""
    with suppress(EngineError):
        yield from _lines(instance, maskers, since=since, tail=None)


def _lines(
    instance: Instance, maskers: LogMaskers, *, since: str, tail: int | None
) -> Iterator[LogEntry]:
    rows = runtime().logs(instance.engine_id, tail=tail, since=since)
    return _entries(instance, rows, maskers)


def _kept_text(instance: Instance) -> str:
    """Read for itself, so that it does not stay with the row; empty if it was forgotten by now."""
    texts = Instance.objects.filter(pk=instance.pk).values_list("last_lines", flat=True)
    return texts.first() or ""


def _entries(
    instance: Instance, rows: Iterable[LogLine], maskers: LogMaskers
) -> Iterator[LogEntry]:
    """Without secrets; kept lines too: one may have become a secret since."""
    mask = maskers.of(instance).mask
    marks: dict[str, Mark] = {}
    for row in rows:
        source, at = f"{_short(instance)}.{row.stream}", nanoseconds(row.at)
        mark = following(marks.get(source, NOTHING), at) if at else NOTHING
        marks[source] = mark
        yield LogEntry(row.at, instance.name, row.stream, mask(row.text), source, mark)


def _now() -> int:
    return nanoseconds(timezone.now())


def _short(instance: Instance) -> str:
    return instance.id.hex[:12]


def _sources(instance: Instance) -> list[str]:
    return [f"{_short(instance)}.{stream}" for stream in STREAMS]
