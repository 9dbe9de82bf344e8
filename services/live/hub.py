"""One reader per process and team: rows after its last number, one frame, straight to every socket.

`services.events` calls from any thread; the only hop is `call_soon_threadsafe`. What happens in
other processes comes through Redis where there is one, on this loop already. A lost hint costs
`POLL_S`, never an event. Nothing here is shared between loops.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import Error as DatabaseError

from services import events
from services.events import Hint
from services.live import proof
from services.live.client import Client
from services.live.feed import BATCH, Feed, first_kept, frames_after, last_number
from services.live.frames import Frame, loose_frame, resync
from services.teams import token_cache

log = logging.getLogger(__name__)

POLL_S = 2.0
RECHECK_S = 5.0
MOST_REPLAYED = 10_000
NOT_ALLOWED = 4401


class Room:
    """The sockets of one team, and the two tasks that serve them."""

    def __init__(self, team_id: UUID, *, feed: Feed, last: int) -> None:
        self.team_id = team_id
        self.last = last
        self.clients: set[Client] = set()
        self.holders: set[Client] = set()  # also those still replaying
        self._feed = feed
        self._news = asyncio.Event()
        self._doubt = asyncio.Event()
        # Kept: a task without a strong reference is collected while it waits.
        self._tasks = [_background(self._read()), _background(self._recheck())]

    def wake(self, up_to: int) -> None:
        """There are events up to this number."""
        if up_to > self.last:
            self._news.set()

    def look(self) -> None:
        """Hints may have been missed."""
        self._news.set()
        self._doubt.set()

    def doubt(self) -> None:
        """Somebody may have lost their access."""
        self._doubt.set()

    def fan_out(self, frame: Frame) -> None:
        for client in tuple(self.clients):
            client.offer(frame)

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _read(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_S):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._catch_up()
            except DatabaseError:
                log.exception("the events of team %s cannot be read", self.team_id)

    async def _catch_up(self) -> None:
        while True:
            frames = await self._feed.run(frames_after, self.team_id, self.last)
            for frame in frames:
                self.fan_out(frame)
                self.last = frame.number or self.last
            if len(frames) < BATCH:
                return

    async def _recheck(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_S):
                    await self._doubt.wait()
            self._doubt.clear()
            self.clients = {client for client in self.clients if not client.is_ended}
            try:
                gone = await self._feed.run(proof.lost, {c.proof for c in self.holders})
            except DatabaseError:
                log.exception("the sockets of team %s cannot be checked", self.team_id)
                continue
            for client in [c for c in self.holders if c.proof in gone]:
                client.end(NOT_ALLOWED, "access ended")


class Hub:
    """All rooms of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.feed = Feed()
        self._loop = loop
        self._rooms: dict[UUID, Room] = {}
        self._users: set[object] = set()
        self._opening = asyncio.Lock()
        self._unsubscribe = events.subscribe(self._hinted)
        self._others = self._hear_others()

    async def join(self, client: Client, *, since: int | None) -> None:
        """First what was missed, then live; nothing is lost between the two."""
        room = await self._room(client)
        if since is None:
            client.position = room.last
        else:
            await self._replay(client, room, since)
        # No await since the replay saw that it reached the room: frames go to the client from here.
        room.clients.add(client)

    def leave(self, client: Client) -> None:
        """Also for one whose join did not end."""
        client.is_ended = True
        if room := self._rooms.get(client.proof.team_id):
            room.clients.discard(client)
            room.holders.discard(client)
            if not room.holders:
                self._rooms.pop(room.team_id).close()

    def hold(self, user: object) -> None:
        """A socket is open, admitted or not: the hub stays."""
        self._users.add(user)

    def release(self, user: object) -> None:
        self._users.discard(user)
        if not self._users:
            self.close()

    def close(self) -> None:
        self._unsubscribe()
        if self._others:
            self._others.cancel()
        self.feed.close()
        for room in self._rooms.values():
            room.close()
        _hubs.pop(self._loop, None)

    async def _room(self, client: Client) -> Room:
        team_id = client.proof.team_id
        async with self._opening:
            if team_id not in self._rooms:
                last = await self.feed.run(last_number, team_id)
                self._rooms[team_id] = Room(team_id, feed=self.feed, last=last)
            room = self._rooms[team_id]
            room.holders.add(client)
        return room

    async def _replay(self, client: Client, room: Room, since: int) -> None:
        last = await self.feed.run(last_number, room.team_id)
        if not await self._can_replay(room.team_id, since, last):
            await client.say(resync(last))
            client.position = last
            return
        client.position = since
        while client.position < room.last:
            frames = await self.feed.run(frames_after, room.team_id, client.position)
            for frame in frames:
                await client.replay(frame)
                client.position = frame.number or client.position
            if not frames:
                return

    async def _can_replay(self, team_id: UUID, since: int, last: int) -> bool:
        if since >= last:
            return since == last
        oldest = await self.feed.run(first_kept, team_id)
        return oldest is not None and oldest <= since + 1 and last - since <= MOST_REPLAYED

    def _hinted(self, said: Hint) -> None:
        """In the publisher's thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended; so have its sockets
            self._loop.call_soon_threadsafe(self._deliver, said)

    def _hear_others(self) -> asyncio.Task[None] | None:
        if not (url := settings.KYOZO["REDIS_URL"]):
            return None
        from services.live.subscriber import Subscriber  # noqa: PLC0415 - megabytes, for who has it

        others = Subscriber(url, hear=self._heard, catch_up=self._look)
        return _background(others.run())

    def _heard(self, said: Hint) -> None:
        """From another process, on the loop."""
        if said.is_about_access:
            token_cache.clear()  # who was closed out would come back with what is remembered
        self._deliver(said)

    def _look(self) -> None:
        for room in self._rooms.values():
            room.look()

    def _deliver(self, said: Hint) -> None:
        room = self._rooms.get(said.team_id)
        if room is None:
            return
        if said.up_to is not None:
            room.wake(said.up_to)
        elif said.frame is not None:
            room.fan_out(loose_frame(said.frame, workspace_id=said.workspace_id))
        else:
            room.doubt()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The running loop's hub; made for its first socket, gone with its last."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(loop)
    return _hubs[loop]


def _background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_say_why)
    return task


def _say_why(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (exc := task.exception()):
        log.error("a live reader ended", exc_info=exc)
