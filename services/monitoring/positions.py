"""Where a reader of a service's log stands: how far each stream of each instance was read.

One time for all would lose what a slower instance says later with an earlier time. Within a stream
the engine's times only grow; lines of one and the same time are counted.

A cursor is that in few bytes, because each line of a followed log has its own: one byte for the
form, a checksum, when it began, and for each source its instance, a time, and a count beside the
bit that says which stream.
"""

import base64
import re
import struct
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

Mark = tuple[int, int]  # nanoseconds since 1970, and which line of that time

# Streams of an instance are written by two hands, so the engine's order is a little loose.
OVERLAP = timedelta(seconds=2)
STREAMS = ("stdout", "stderr")
# Two streams of three hundred instances: all that can be in the middle of a deploy. A message to a
# socket holds 16 KiB.
MOST_TEXT = 15 * 1024
# A row is closed a little before others can see that it is.
LATE = timedelta(seconds=30)
NOTHING: Mark = (0, 0)
# Cursors hold times of this century only.
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2099, 12, 31, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FORM = 1
NOT_OURS = "is not the cursor of an earlier answer"
_FRACTION = re.compile(r"[.,](\d+)")
_TEXT = re.compile(r"[\w-]+", re.ASCII)
_HEAD = struct.Struct(">BI")
_BEGAN = struct.Struct(">Q")
_MARK = struct.Struct(">6sQI")


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
        """Anybody can make one; it opens nothing that its holder could not ask for otherwise. What
        was cut or mistyped on the way is refused, and not read as another place in the log."""
        try:
            body = _body(text)
            began, *_ = _BEGAN.unpack_from(body)
            marks = _MARK.iter_unpack(body[_BEGAN.size :])
            return cls(_moment(_checked(began)), dict(_mark(*fields) for fields in marks))
        except (ValueError, struct.error) as exc:
            raise ValueError(NOT_OURS) from exc

    def text(self) -> str:
        marks = [_packed(source, mark) for source, mark in self.marks.items()]
        body = b"".join((_BEGAN.pack(nanoseconds(self.began)), *marks))
        raw = _HEAD.pack(FORM, zlib.crc32(body)) + body
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def start_at(self, source: str, at: int) -> None:
        """Nothing of this source before `at` is ever wanted."""
        if at:
            self.marks.setdefault(source, (at, 0))

    def take(self, source: str, mark: Mark) -> None:
        """One more line of a source was read; of one without a time nothing is known."""
        if mark != NOTHING:
            self.marks[source] = mark

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
        return (_moment(max(times)) - OVERLAP).isoformat().replace("+00:00", "Z")

    def knows(self, instance: str) -> bool:
        return any(source.startswith(instance) for source in self.marks)


def nanoseconds(at: datetime | str) -> int:
    """Of a time, as exactly as it is said; 0 of none."""
    if not at:
        return 0
    moment = (datetime.fromisoformat(at) if isinstance(at, str) else at).astimezone(UTC)
    fraction = _FRACTION.search(at if isinstance(at, str) else at.isoformat())
    known = min(max(moment, EARLIEST), LATEST)
    within = int(f"{fraction[1]:0<9.9}") if fraction and known is moment else 0
    return (known - EPOCH) // SECOND * 10**9 + within


TIMES = range(nanoseconds(EARLIEST), nanoseconds(LATEST + SECOND))


def following(mark: Mark, at: int) -> Mark:
    """The mark of the next line of a source."""
    return (at, mark[1] + 1 if mark[0] == at else 1)


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at // 1000)


def _packed(source: str, mark: Mark) -> bytes:
    instance, _, stream = source.partition(".")
    return _MARK.pack(bytes.fromhex(instance), mark[0], mark[1] << 1 | STREAMS.index(stream))


def _mark(instance: bytes, at: int, count: int) -> tuple[str, Mark]:
    return f"{instance.hex()}.{STREAMS[count & 1]}", (_checked(at), count >> 1)


def _checked(at: int) -> int:
    if at not in TIMES:
        raise ValueError(NOT_OURS)
    return at


def _body(text: str) -> bytes:
    """Whole and in this form; the decoder alone would read over what it does not know."""
    if len(text) > MOST_TEXT or not _TEXT.fullmatch(text):
        raise ValueError(NOT_OURS)
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    form, sum_of_body = _HEAD.unpack_from(raw)
    body = raw[_HEAD.size :]
    if form != FORM or sum_of_body != zlib.crc32(body):
        raise ValueError(NOT_OURS)
    return body
