"""One line of a log, which lines somebody wishes for, and the newest of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.models import Instance
from services.monitoring.positions import LATE, NOTHING, Mark, nanoseconds


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line; `at` is RFC 3339 with nanoseconds, empty for lines kept without. `source` is the
    stream of the instance that wrote it, `mark` which one of that it is."""

    at: str
    instance: str
    stream: str
    text: str
    source: str = ""
    mark: Mark = NOTHING


@dataclass(frozen=True, slots=True)
class Wish:
    """Which lines somebody wants; empty parts do not narrow. `instance` is a name."""

    stream: str = ""
    search: str = ""
    instance: str = ""

    @property
    def is_all_of_an_instance(self) -> bool:
        return not (self.stream or self.search)

    def names(self, instance: Instance) -> bool:
        return self.instance in {"", instance.name}

    def admits(self, entry: LogEntry) -> bool:
        is_named = self.instance in {"", entry.instance}
        return is_named and self.stream in {"", entry.stream} and self.search in entry.text


@dataclass(slots=True)
class Tail:
    """The newest `lines` of all that is added and wished for, oldest first; with `since`
    (nanoseconds) none from before. `read`: how far each source was, wished for or not."""

    wish: Wish
    lines: int
    since: int = 0
    entries: list[LogEntry] = field(default_factory=list)
    read: dict[str, Mark] = field(default_factory=dict)

    def add(self, entries: Iterable[LogEntry]) -> None:
        """All that was read of an instance, oldest first."""
        for entry in entries:
            if entry.at:
                self.read[entry.source] = entry.mark
            if entry.mark[0] >= self.since and self.wish.admits(entry):
                self.entries.append(entry)
        self.entries.sort(key=lambda entry: entry.at)
        del self.entries[: -self.lines]

    def may_have(self, ended_at: datetime) -> bool:
        """Whether an instance that ended then may have said one of them."""
        last = nanoseconds(ended_at + LATE)
        is_full = len(self.entries) >= self.lines
        return last >= self.since and (not is_full or last >= self.entries[0].mark[0])

    def starts(self) -> dict[str, Mark]:
        """Where their sources stand for who is told these lines and none before."""
        starts: dict[str, Mark] = {}
        for entry in reversed(self.entries):
            if entry.at:
                at, number = entry.mark
                starts[entry.source] = (at, number - 1)
        return starts
