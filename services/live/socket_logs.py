"""Logs over a socket: what one client follows, service by service, until it says enough."""

import asyncio
import json
import logging
import math
import time
from collections import deque
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from services.errors import BadRequestError, NotFoundError, TooManyError
from services.live import log_stream
from services.live.client import GONE, Client
from services.live.feed import Feed
from services.live.proof import Proof
from services.models import Service
from services.monitoring.follow import Following, Handover, Told
from services.monitoring.lines import Wish
from services.monitoring.logs import MOST_LINES
from services.monitoring.positions import Position
from services.teams.models import Team
from services.teams.policy import as_uuid, within

log = logging.getLogger(__name__)

MOST_OF_A_SOCKET = 10
BEGINNINGS = 10  # in as many seconds
BROKEN = 1011
USUAL_LINES = 100
MOST_IN_A_FRAME = 100
STREAMS = ("", "stdout", "stderr")


class SocketLogs:
    """At most one follower for each service; all end with the socket."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._began_at: deque[float] = deque([-math.inf] * BEGINNINGS, BEGINNINGS)

    async def follow(self, message: Mapping[str, Any]) -> None:
        """Begin, or begin anew with another wish."""
        service_id = as_uuid(str(message.get("service_id"))) or UUID(int=0)
        position, wish, lines = _position(message), _wish(message), _lines(message)
        self._count()
        self.unfollow(message)
        if len(self._tasks) >= MOST_OF_A_SOCKET:
            raise BadRequestError(f"A socket follows {MOST_OF_A_SOCKET} logs at most")
        feed = log_stream.readers.enter()
        handover = Handover()
        try:
            service = await feed.run(_find, self._client.proof, service_id)
            handover.take(self._following(service, position or Position.now(), wish))
            work = self._run(service, handover, feed, lines=0 if position else lines)
            self._tasks[service.id] = asyncio.create_task(work)
        except BaseException:
            handover.close()
            log_stream.readers.leave()
            raise

    def _count(self) -> None:
        """Each beginning reads from the engine: all at once, then one a second on average."""
        now = time.monotonic()
        if now - self._began_at[0] < BEGINNINGS:
            raise TooManyError(f"A socket begins {BEGINNINGS} logs in as many seconds")
        self._began_at.append(now)

    def unfollow(self, message: Mapping[str, Any]) -> None:
        """Harmless for what is not followed, or is not there."""
        if task := self._tasks.pop(as_uuid(str(message.get("service_id"))) or UUID(int=0), None):
            task.cancel()

    def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()

    def _following(self, service: Service, position: Position, wish: Wish) -> Following:
        held = self._client.proof
        return Following(service, position, wish, held.team_id, held.user_id)

    async def _run(self, service: Service, handover: Handover, feed: Feed, *, lines: int) -> None:
        try:
            await self._tell(service, handover, feed, lines=lines)
        except Exception:
            log.exception("a log cannot be followed any more")
            self._client.end(BROKEN, "internal error: follow the log again from its last cursor")
        finally:
            handover.close()
            log_stream.readers.leave()
            if self._tasks.get(service.id) is asyncio.current_task():
                del self._tasks[service.id]

    async def _tell(self, service: Service, handover: Handover, feed: Feed, *, lines: int) -> None:
        assert handover.following is not None  # noqa: S101 - follow() gave it
        async for found in log_stream.parts(feed, handover.following, lines=lines):
            for begin in range(0, len(found), MOST_IN_A_FRAME):
                part = found[begin : begin + MOST_IN_A_FRAME]
                await self._send("service_logs", service, _payload(part))
            if self._client.is_ended:
                return
        await self._send("service_logs_ended", service, {"reason": "service_removed"})

    async def _send(self, event: str, service: Service, payload: Mapping[str, Any]) -> None:
        """Waits for the reader: lines are followed without a gap, or the socket is closed."""
        if self._client.is_ended:
            return
        body = {"event": event, "payload": {"service_id": str(service.id), **payload}}
        try:
            await self._client.say(json.dumps(body))
        except TimeoutError:
            self._client.give_up(advice="follow the log again from its last cursor")
        except GONE:
            self._client.is_ended = True


def _payload(told: list[Told]) -> dict[str, Any]:
    return {"lines": [one.body for one in told], "cursor": told[-1].cursor}


def _find(held: Proof, service_id: UUID) -> Service:
    """One of others and one that never was are the same answer."""
    rows = Service.objects.visible_to(Team(pk=held.team_id))
    found = within(rows, held.workspace_id, "workspace").filter(pk=service_id).first()
    if found is None:
        raise NotFoundError("Service not found")
    return found


def _position(message: Mapping[str, Any]) -> Position | None:
    cursor = message.get("cursor")
    if cursor is None:
        return None
    if "lines" in message:
        raise BadRequestError("lines are what a log begins with: give no cursor with them")
    try:
        return Position.parse(str(cursor))
    except ValueError as exc:
        raise BadRequestError(f"cursor {exc}") from exc


def _wish(message: Mapping[str, Any]) -> Wish:
    stream, search = message.get("stream") or "", message.get("search") or ""
    instance = message.get("instance") or ""
    if stream not in STREAMS or not isinstance(search, str) or not isinstance(instance, str):
        raise BadRequestError("stream is stdout or stderr, search and instance are text")
    return Wish(stream, search, instance)


def _lines(message: Mapping[str, Any]) -> int:
    lines = message.get("lines", USUAL_LINES)
    if type(lines) is not int or not 1 <= lines <= MOST_LINES:
        raise BadRequestError(f"lines must be a whole number between 1 and {MOST_LINES}")
    return lines
