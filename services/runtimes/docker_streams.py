"""Docker's endless answers: read by a thread, so that who waits for one may stop at any time."""

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Generic, TypeVar

import requests

from services.errors import EngineError, InvalidError
from services.runtimes.base import LogLine
from services.runtimes.docker_errors import FAILURES, translate

T = TypeVar("T")
Frame = tuple[str, bytes]  # stdout or stderr, and one message of it

LOOK_UP_S = 0.25
PING_EVERY_S = 5.0
LINE_LIMIT = 16 * 1024
_STREAMS = {1: "stdout", 2: "stderr"}
_FRACTION = re.compile(r"\.(\d+)")
_TIMESTAMP = re.compile(rb"(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) ")


class Pump(Generic[T]):
    """Opens and reads a response in a thread of its own: a blocking read cannot be told to stop.

    The queue is bounded: a container that floods its log does not fill our memory.
    """

    def __init__(
        self,
        opened: Callable[[], requests.Response],
        parse: Callable[[requests.Response], Iterator[T]],
    ) -> None:
        self._opened = opened
        self._parse = parse
        self._queue: queue.Queue[T | None] = queue.Queue(maxsize=1000)
        self._abandoned = threading.Event()
        self._response: requests.Response | None = None
        self.ended = False
        self.error: EngineError | None = None
        threading.Thread(target=self._run, name="docker-stream", daemon=True).start()

    def poll(self, timeout_s: float) -> T | None:
        """The next item; None when there is none yet or, with `ended` set, no more."""
        try:
            item = self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None
        self.ended = item is None
        return item

    def close(self) -> None:
        """Harmless at any time; wakes the thread from its read."""
        self._abandoned.set()
        if self._response is not None:
            with suppress(ValueError, RuntimeError, OSError):  # already read to its end
                self._response.raw.shutdown()

    def _run(self) -> None:
        try:
            self._response = self._opened()
            with self._response:
                for item in self._parse(self._response):
                    if not self._put(item):
                        return
        except EngineError as exc:
            self.error = exc
        except FAILURES as exc:
            self.error = translate(exc, doing="go on with a stream")
        finally:
            self._put(None)

    def _put(self, item: T | None) -> bool:
        while not self._abandoned.is_set():
            with suppress(queue.Full):
                self._queue.put(item, timeout=LOOK_UP_S)
                return True
        return False


def follow_stream(
    pump: Pump[T], *, stopped: Callable[[], bool], ping: Callable[[], None] | None = None
) -> Iterator[T]:
    """Items until the end or until `stopped`; raises what broke the stream.

    `ping` is called when nothing came for a while: a stream of a dead engine is only silent.
    """
    heard_at = time.monotonic()
    try:
        while not stopped():
            item = pump.poll(LOOK_UP_S)
            if item is not None:
                yield item
            elif pump.ended:
                break
            elif time.monotonic() - heard_at < PING_EVERY_S:
                continue
            elif ping is not None:
                ping()
            heard_at = time.monotonic()
    finally:
        pump.close()
    if pump.ended and pump.error is not None:
        raise pump.error


def frames(response: requests.Response) -> Iterator[Frame]:
    """Docker's multiplexed format: a byte for the stream, three empty, four for the length."""
    while len(header := _at_most(response, 8)) == 8:
        size = int.from_bytes(header[4:], "big")
        payload = _at_most(response, size)
        if len(payload) < size:
            return
        if header[0] in _STREAMS:
            yield _STREAMS[header[0]], payload


def log_lines(messages: Iterator[Frame]) -> Iterator[LogLine]:
    """Whole lines: the engine cuts long ones into messages that each carry a timestamp."""
    unfinished: dict[str, tuple[str, bytearray]] = {}
    for stream, payload in messages:
        stamp = _TIMESTAMP.match(payload)
        at = stamp[1].decode("ascii") if stamp else ""
        content = payload[stamp.end() :] if stamp else payload
        first_at, line = unfinished.pop(stream, (at, bytearray()))
        line += content[: LINE_LIMIT + 1 - len(line)]
        if content.endswith(b"\n"):
            yield LogLine(at=first_at, stream=stream, text=clean_text(line))
        else:
            unfinished[stream] = (first_at, line)
    for stream, (first_at, line) in unfinished.items():
        yield LogLine(at=first_at, stream=stream, text=clean_text(line))


def unix_time(text: str) -> str:
    """RFC 3339 as the engine's seconds and nanoseconds; a float would lose the last digits."""
    try:
        seconds = int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError) as exc:  # the latter at the ends of time
        raise InvalidError(
            "`since` is no time.",
            details={"since": ["must be RFC 3339, as in 2026-01-31T12:00:00Z"]},
        ) from exc
    fraction = _FRACTION.search(text)
    return f"{seconds}.{fraction[1] if fraction else '0':0<9.9}"


def clean_text(line: bytes | bytearray) -> str:
    """Text that a database takes: no NUL, nothing that is no UTF-8, long lines cut."""
    text = bytes(line[:LINE_LIMIT]).decode("utf-8", errors="replace").rstrip("\r\n")
    text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return f"{text} [cut]" if len(line) > LINE_LIMIT and line[LINE_LIMIT:] != b"\n" else text


def _at_most(response: requests.Response, size: int) -> bytes:
    """All of it, or less where the stream ends."""
    received = bytearray()
    while len(received) < size:
        piece: bytes = response.raw.read(size - len(received))
        if not piece:
            break
        received += piece
    return bytes(received)
