"""Who follows a log: what the REST face let in and the live face carries on."""

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone

from services.errors import TooManyError
from services.models import Service
from services.monitoring.lines import LogEntry, Wish
from services.monitoring.logs import MOST_CURSORS, Latest, after, latest
from services.monitoring.positions import Position

HANDOVER = "kyozo.follow"  # where a server that can carry on says so
# Each asks the engine once a second.
MOST_OF_A_TEAM = 40
MOST = 200
RETRY_S = 5
_guard = threading.Lock()
_counts: Counter[UUID] = Counter()


@dataclass(frozen=True, slots=True)
class Told:
    """An entry, and the cursor that goes on right after it."""

    entry: LogEntry
    cursor: str = ""

    @property
    def body(self) -> dict[str, str | None]:
        return {
            "time": self.entry.at or None,
            "instance": self.entry.instance,
            "stream": self.entry.stream,
            "line": self.entry.text,
            "cursor": self.cursor,
        }

    @property
    def line(self) -> str:
        """One line whatever is in it: JSON escapes line ends and control characters."""
        return f"{json.dumps(self.body)}\n"


@dataclass(slots=True)
class Following:
    """One reader: of what, from where on, and who must still be allowed to read it. `is_resumed`:
    it may go on after any line, so each has a cursor; else after the last one only."""

    service: Service
    position: Position
    wish: Wish
    team_id: UUID
    user_id: int
    token_id: UUID | None = None
    session_key: str | None = None
    is_resumed: bool = True
    is_behind: bool = False
    _finished: set[UUID] = field(default_factory=set, repr=False)

    def begin(self, *, lines: int, since: str = "") -> list[Told]:
        """The last lines that are wished for; fewer where their cursors alone were too much."""
        first = latest(self.service, self.wish, lines=lines, since=since)
        began = self.position.began
        told = self._led(first) if self.is_resumed else [Told(entry) for entry in first.entries]
        first.lead_to_end(self.position, began=began)
        return told

    def _led(self, first: Latest) -> list[Told]:
        began, self.position.marks = self.position.began, dict(first.marks)
        most = MOST_CURSORS // len(Position(began, first.marks | first.read).text())
        told: list[Told] = []
        for entry in first.entries[-most:]:
            first.lead(self.position, entry, began=began)
            told.append(Told(entry, self.position.text()))
        return told

    def news(self) -> list[Told] | None:
        """What came since; None when the service is gone."""
        asked_at = timezone.now()
        found = after(self.service.id, self.position, self.wish, finished=self._finished)
        if found is None:
            return None
        told = self._told(found.entries)
        self.is_behind = not found.is_all
        if not self.is_behind:
            self.position.go_on(asked_at)
        return told

    def _told(self, entries: list[LogEntry]) -> list[Told]:
        told: list[Told] = []
        for entry in entries:
            self.position.take(entry.source, entry.mark)
            if self.wish.admits(entry):
                told.append(Told(entry, self.position.text() if self.is_resumed else ""))
        return told


@dataclass(slots=True)
class Handover:
    """Where a request's view leaves what is to be carried on; made by who can do that."""

    following: Following | None = None
    _has_place: bool = field(default=False, repr=False)

    def take(self, following: Following) -> None:
        with _guard:
            if _counts[following.team_id] >= MOST_OF_A_TEAM or _counts.total() >= MOST:
                raise TooManyError(
                    "Too many logs are being followed",
                    code="logs.too_many_followers",
                    fix="end others, or ask again and again with `cursor` instead of `follow`",
                    params={"retry_after_s": RETRY_S},
                )
            _counts[following.team_id] += 1
        self.following, self._has_place = following, True

    def close(self) -> None:
        if self.following is None or not self._has_place:
            return
        self._has_place = False
        with _guard:
            _counts[self.following.team_id] -= 1
            if not _counts[self.following.team_id]:
                del _counts[self.following.team_id]
