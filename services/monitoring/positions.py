"""Where a reader of a service's log stands: how far each stream of each instance was read.

One time for all would lose what a slower instance says later with an earlier time. Within a stream
the engine's times only grow; lines of one and the same time are counted.
"""

import base64
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Mark = tuple[str, int]

# Streams of an instance are written by two hands, so the engine's order is a little loose.
OVERLAP = timedelta(seconds=2)
# Two streams of a hundred instances, and of as many that take their places in a deploy.
MOST_TEXT = 64 * 1024
# A row is closed a little before others can see that it is.
LATE = timedelta(seconds=30)
NOTHING: Mark = ("", 0)
# Cursors hold times of this century only.
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2099, 12, 31, tzinfo=UTC)
_FRACTION = re.compile(r"[.,](\d+)")
_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
_SOURCE = re.compile(r"[0-9a-f]{12}\.(stdout|stderr)")
NOT_OURS = "is not the cursor of an earlier answer"


@dataclass(slots=True)
class Position:
    """`marks`: by source, the time of its last line and which one of that time it was. Instances
    made after `began` are read from their first line, those that ended before it not at all."""

    began: datetime
    marks: dict[str, Mark] = field(default_factory=dict)

    @classmethod
    def now(cls) -> "Position":
        return cls(datetime.now(UTC))

    @classmethod
    def parse(cls, text: str) -> "Position":
        """Anybody can make one; it opens nothing that its holder could not ask for otherwise."""
        if len(text) > MOST_TEXT:
            raise ValueError(NOT_OURS)
        try:
            began, marks = json.loads(base64.urlsafe_b64decode(text.encode()))
            moment = datetime.fromisoformat(_time(began))
            return cls(moment, dict(_mark(*item) for item in marks.items()))
        except (ValueError, TypeError, AttributeError, RecursionError) as exc:
            raise ValueError(NOT_OURS) from exc

    def text(self) -> str:
        began = self.began.isoformat().replace("+00:00", "Z")
        said = json.dumps([began, self.marks], separators=(",", ":"))
        return base64.urlsafe_b64encode(said.encode()).decode()

    def start_at(self, source: str, at: str) -> None:
        """Nothing of this source before `at` is ever wanted."""
        if at:
            self.marks.setdefault(source, (at, 0))

    def take(self, source: str, at: str) -> None:
        """One more line of a source was read."""
        if at:
            self.marks[source] = following(self.marks.get(source, NOTHING), at)

    def keep(self, instances: Collection[str]) -> None:
        """Forget all others: what is never read again must not make cursors grow."""
        self.marks = {
            source: mark
            for source, mark in self.marks.items()
            if source.partition(".")[0] in instances
        }

    def go_on(self, at: datetime) -> None:
        """Everything up to a time was read."""
        self.began = max(self.began, at - LATE)

    def since(self, instance: str) -> str:
        """From when on an instance must be read to miss nothing; empty for from its beginning."""
        times = [at for source, (at, _) in self.marks.items() if source.startswith(instance)]
        if not times:
            return ""
        return (datetime.fromisoformat(max(times)) - OVERLAP).isoformat().replace("+00:00", "Z")

    def knows(self, instance: str) -> bool:
        return any(source.startswith(instance) for source in self.marks)


def precise(at: datetime | str) -> str:
    """A time as the engine's lines have theirs: these texts compare as the times do."""
    text = at if isinstance(at, str) else at.isoformat()
    moment = min(max(datetime.fromisoformat(text).astimezone(UTC), EARLIEST), LATEST)
    fraction = _FRACTION.search(text)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction[1] if fraction else '0':0<9.9}Z"


def following(mark: Mark, at: str) -> Mark:
    """The mark of the next line of a source."""
    return (at, mark[1] + 1 if mark[0] == at else 1)


def _time(value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise ValueError(NOT_OURS)
    datetime.fromisoformat(value)
    return value


def _mark(source: str, mark: Any) -> tuple[str, Mark]:
    at, count = mark
    if not _SOURCE.fullmatch(source) or type(count) is not int or not 0 <= count < 10**9:
        raise ValueError(NOT_OURS)
    return source, (_time(at), count)
