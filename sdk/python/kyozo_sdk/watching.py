"""Status changes as they happen: by the socket where there is one, else by asking for events.

The last number that was seen is where either of them goes on, so no connection that is lost on the
way loses or repeats a change.
"""

import json
import threading
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kyozo_sdk.errors import (
    ConnectionFailedError,
    RateLimitedError,
    UnavailableError,
    kind_of,
)
from kyozo_sdk.request import get
from kyozo_sdk.session import Session
from kyozo_sdk.sockets import Socket, SocketClosedError, SocketUnavailableError

if TYPE_CHECKING:
    from kyozo_sdk.transports import Task

CHANGED = "service_status_changed"
FRAME_S = 0.5  # how soon `stop` is noticed
POLL_S = 2.0
SOCKET_AGAIN_S = 30.0
PAGE = 500
ENDS = {4400, 4401, 4403, 4404}  # close codes: what HTTP would say, and 4000
OnError = Callable[[Exception], object]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`number` is its place in the team's events; None for one that was found by looking."""

    service_id: str
    status: str
    number: int | None


class Subscription:
    """What runs until `stop` is called. `last` is a `since` to go on from, in another process."""

    def __init__(self, last: int) -> None:
        self.last = last
        self.error: Exception | None = None
        self.stopping = threading.Event()
        self.task: Task | None = None

    def stop(self) -> None:
        """No callback begins after this returned; twice is harmless."""
        self.stopping.set()
        if self.task is not None:
            self.task.stop()

    async def end(self) -> None:
        """Stop, and wait until connections are closed."""
        self.stop()
        if self.task is not None:
            await self.task.ended()

    @property
    def is_active(self) -> bool:
        return self.task is not None and self.task.is_active


async def watch(
    session: Session,
    callback: Callable[[str, str], object],
    *,
    only: str | None,
    since: int | None,
    on_error: OnError | None,
) -> Subscription:
    """Begin with where events stand now, so that nothing after the answer is missed."""
    last = await _last_number(session) if since is None else since
    subscription = Subscription(last)
    changes = Changes(session, subscription, only=only)
    session.ends.add(subscription.end)
    subscription.task = session.io.begin(_told(session, changes, callback, on_error))
    return subscription


async def _told(
    session: Session,
    changes: "Changes",
    callback: Callable[[str, str], object],
    on_error: OnError | None,
) -> None:
    subscription = changes.subscription
    try:
        # Closed here and not whenever it is collected: its socket may outlive the loop otherwise.
        async with aclosing(changes.all()) as found:
            async for change in found:
                if subscription.stopping.is_set():
                    return
                await session.io.call(callback, change.service_id, change.status)
                if change.number is not None:
                    subscription.last = max(subscription.last, change.number)
    except Exception as exc:  # noqa: BLE001 - whatever the callback raises ends it, and is told
        subscription.error = exc
        if on_error is not None:
            await session.io.call(on_error, exc)
    finally:
        session.ends.discard(subscription.end)


@dataclass
class Changes:
    """`seen` is the last number that came; `subscription.last` the last that was told."""

    session: Session
    subscription: Subscription
    only: str | None = None
    seen: int = 0
    _status: dict[str, str] = field(default_factory=dict)
    _socket_at: float = 0.0
    _failures: int = 0

    async def all(self) -> AsyncGenerator[StatusChange, None]:
        self.seen = self.subscription.last
        while not self.subscription.stopping.is_set():
            for way in (self._by_socket, self._by_asking):
                async with aclosing(way()) as found:
                    async for change in found:
                        yield change

    async def _by_socket(self) -> AsyncGenerator[StatusChange, None]:
        """Until it is lost. It is not tried again at once where there is none to be had."""
        if time.monotonic() < self._socket_at:
            return
        try:
            socket = await self.session.io.connect(self.session.place.live(since=self.seen))
        except SocketUnavailableError:
            self._socket_at = time.monotonic() + SOCKET_AGAIN_S
            return
        try:
            if self.only is not None:
                await socket.say(json.dumps({"type": "subscribe", "service_ids": [self.only]}))
            async with aclosing(self._frames(socket)) as frames:
                async for frame in frames:
                    async with aclosing(self._read(frame)) as found:
                        async for change in found:
                            yield change
        except SocketClosedError as closed:
            self._judge(closed.code)
        finally:
            await socket.close()

    async def _frames(self, socket: Socket) -> AsyncGenerator[dict[str, Any], None]:
        while not self.subscription.stopping.is_set():
            text = await socket.receive(FRAME_S)
            if text is None:
                continue
            self._failures = 0
            try:
                frame = json.loads(text)
            except ValueError:
                continue
            if isinstance(frame, dict):
                yield frame

    async def _read(self, frame: dict[str, Any]) -> AsyncGenerator[StatusChange, None]:
        number = frame.get("sequence_number")
        if not isinstance(number, int):
            return
        if frame.get("event") == "resync":
            async with aclosing(self._looked()) as found:
                async for change in found:
                    yield change
            # It may be lower: a platform that was put back to an older state counts on from there.
            self.seen = self.subscription.last = number
            return
        if number > self.seen and frame.get("event") == CHANGED:
            payload = frame.get("payload") or {}
            for change in self._new(payload.get("service_id"), payload.get("status"), number):
                yield change
        self.seen = max(self.seen, number)

    async def _by_asking(self) -> AsyncGenerator[StatusChange, None]:
        """What came after the last number; then a pause, if there was no more."""
        asked = get("/events", since=self.seen, event=CHANGED, service_id=self.only, limit=PAGE)
        try:
            rows = (await self.session.ask(asked)).data or []
        except (ConnectionFailedError, UnavailableError):
            self._failures += 1
            await self._pause(self.session.retry.backoff(self._failures))
            return
        except RateLimitedError as exc:
            await self._pause(max(exc.retry_after, POLL_S))
            return
        for row in rows:
            number, data = int(row["sequence_number"]), row.get("event_data") or {}
            for change in self._new(row.get("service_id"), data.get("status"), number):
                yield change
            self.seen = max(self.seen, number)
        if len(rows) < PAGE:
            await self._pause(min(POLL_S, self._socket_at - time.monotonic()))

    async def _looked(self) -> AsyncGenerator[StatusChange, None]:
        """What was missed is no longer kept: those that are otherwise than when last told of."""
        cursor: str | None = ""
        while cursor is not None:
            page = await self.session.ask(get("/services", limit=PAGE, after=cursor or None))
            for row in page.data or []:
                if self._status.get(str(row["id"])) != row["status"]:
                    for change in self._new(row["id"], row["status"], None):
                        yield change
            cursor = page.answer.meta.get("next")

    def _new(self, service_id: object, status: object, number: int | None) -> list[StatusChange]:
        if not isinstance(service_id, str) or not isinstance(status, str):
            return []
        if self.only not in {None, service_id}:
            return []
        self._status[service_id] = status
        return [StatusChange(service_id, status, number)]

    def _judge(self, code: int) -> None:
        """An error where access ended; otherwise the socket is opened again, after a while."""
        if code in ENDS:
            raise kind_of(code - 4000)(
                "the platform ended the live connection", code="live.ended", status=code - 4000
            )
        self._failures += 1
        pause = self.session.retry.backoff(self._failures)
        self._socket_at = time.monotonic() + pause

    async def _pause(self, seconds: float) -> None:
        """In short pieces, so that it can be stopped."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and not self.subscription.stopping.is_set():
            await self.session.io.sleep(min(left, FRAME_S))


async def _last_number(session: Session) -> int:
    found = await session.ask(get("/events", limit=1))
    last = found.answer.meta.get("last")
    return last if isinstance(last, int) else 0
