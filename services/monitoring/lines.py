"""One line of a log, which lines somebody wishes for, and the newest of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

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
    """The newest `lines` of all that is added and wished for, oldest first, with so many characters
    of `text` at most. None is from before `since` (nanoseconds), which grows when no more fits.
    `read`: how far each source was, wished for or not."""

    wish: Wish
    lines: int
    text: int
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
        left_out = len(self.entries) - self._fitting()
        del self.entries[:left_out]
        if left_out or len(self.entries) == self.lines:
            # A short line from before a long one that was left out would look as if it were next.
            self.since = max(self.since, self.entries[0].mark[0])

    def _fitting(self) -> int:
        """How many of the newest; one at least, however long it is."""
        size = 0
        for number, entry in enumerate(islice(reversed(self.entries), self.lines)):
            size += len(entry.text)
            if number and size > self.text:
                return number
        return min(self.lines, len(self.entries))

    def may_have(self, ended_at: datetime) -> bool:
        """Whether an instance that ended then may have said one of them."""
        return nanoseconds(ended_at + LATE) >= self.since

    def starts(self) -> dict[str, Mark]:
        """Where their sources stand for who is told these lines and none before."""
        starts: dict[str, Mark] = {}
        for entry in reversed(self.entries):
            if entry.at:
                at, number = entry.mark
                starts[entry.source] = (at, number - 1)
        return starts
