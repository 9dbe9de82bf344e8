"""GET .../logs?follow=true where the server has a loop: what the REST face began goes on here.

A waiting follower is one timer of the loop. All of them share a few threads with a database
connection each, which look for news of each once a second.
"""

import asyncio
import contextlib
import itertools
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, MutableMapping
from functools import partial
from typing import Any

from django.db import Error as DatabaseError

from services.live import proof
from services.live.client import GONE
from services.live.feed import Feed
from services.monitoring.follow import HANDOVER, Following, Handover, Told

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Http = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

POLL_S = 1.0
RECHECK_S = 5.0
SEND_S = 10.0
LAST_S = 30.0
QUIET_S = 15.0
AT_ONCE = 64 * 1024
ENDINGS = {
    "access_ended": "the token, the session or the membership ended",
    "service_removed": "the service was removed",
    "too_slow": "lines were not read fast enough: go on with the last cursor",
}


class Readers:
    """The threads that all followers share; there while somebody follows."""

    def __init__(self, threads: int) -> None:
        self._turns = itertools.cycle(range(threads))
        self._feeds = [Feed() for _ in range(threads)]
        self._users = 0

    def enter(self) -> Feed:
        if not self._users:
            self._feeds = [Feed() for _ in self._feeds]
        self._users += 1
        return self._feeds[next(self._turns)]

    def leave(self) -> None:
        self._users -= 1
        if not self._users:
            for feed in self._feeds:
                feed.close()


readers = Readers(threads=4)
# Not among the readers: who may hear no more must not wait for a slow engine.
checkers = Readers(threads=1)


def is_follow(scope: Scope) -> bool:
    return (
        scope["method"] == "GET"
        and scope["path"].endswith("/logs")
        and b"follow=true" in scope["query_string"]
    )


async def follow_logs(scope: Scope, receive: Receive, send: Send, *, rest: Http) -> None:
    """Let the REST face answer; if it let somebody follow, its answer does not end there."""
    handover = scope[HANDOVER] = Handover()
    is_late = False

    async def send_on(message: MutableMapping[str, Any]) -> None:
        nonlocal is_late
        if handover.following is None:
            await send(message)
        elif not is_late:
            try:
                async with asyncio.timeout(SEND_S):
                    await send(_without_end(message))
            except TimeoutError:
                is_late = True

    try:
        await rest(scope, receive, send_on)
        if handover.following is not None:
            await _carry_on(handover.following, receive, send, is_late=is_late)
    finally:
        handover.close()


def _without_end(message: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Only of what was let in: an error after that ends as it is."""
    if message["type"] == "http.response.start":
        headers = [pair for pair in message["headers"] if pair[0] != b"content-length"]
        return {**message, "headers": [*headers, (b"x-accel-buffering", b"no")]}
    return {**message, "more_body": True}


async def _carry_on(following: Following, receive: Receive, send: Send, *, is_late: bool) -> None:
    feed, checks = readers.enter(), checkers.enter()
    gone = asyncio.ensure_future(_gone(receive))
    try:
        stream = LogStream(following, feed=feed, checks=checks, send=send)
        async with asyncio.TaskGroup() as tasks:
            work = stream.end("too_slow") if is_late else stream.run()
            pumping = tasks.create_task(work)
            await asyncio.wait({gone, pumping}, return_when=asyncio.FIRST_COMPLETED)
            pumping.cancel()
    finally:
        gone.cancel()
        readers.leave()
        checkers.leave()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def parts(feed: Feed, following: Following, *, lines: int = 0) -> AsyncIterator[list[Told]]:
    """What comes, looked for once a second (who is behind: at once), until the service is removed;
    with `lines` the last ones first."""
    news = following.news
    ask = partial(following.begin, lines=lines) if lines else news
    while True:
        try:
            found = await feed.run(ask)
            ask = news
        except DatabaseError:
            log.exception("a log cannot be followed right now")
            found = []
        if found is None:
            return
        yield found
        await asyncio.sleep(0 if following.is_behind else POLL_S)


async def _first(*works: Coroutine[Any, Any, str]) -> str:
    """What the first one to end says; the others end with it."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return done.pop().result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class UnheardError(Exception):
    """Nobody reads; `code` is why it ends, empty when nobody is there to be told."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class LogStream:
    """The lines of one follower until it ends; why it ends stands in the last line."""

    def __init__(self, following: Following, *, feed: Feed, checks: Feed, send: Send) -> None:
        self._following = following
        self._feed = feed
        self._checks = checks
        self._send = send
        self._wrote_at = time.monotonic()

    async def run(self) -> None:
        if code := await _first(self._tell(), self._watch()):
            await self.end(code)

    async def end(self, code: str) -> None:
        """Waits a while: who reads again by then hears why."""
        last = json.dumps({"end": code, "message": ENDINGS[code]})
        with contextlib.suppress(*GONE):
            async with asyncio.timeout(LAST_S):
                await self._send(_body(f"{last}\n"))
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self) -> str:
        try:
            async for found in parts(self._feed, self._following):
                await self._write([one.line for one in found])
                if time.monotonic() - self._wrote_at > QUIET_S:
                    # Tells a dead connection from a quiet service.
                    await self._put(f"{json.dumps({'cursor': self._following.position.text()})}\n")
        except UnheardError as exc:
            return exc.code
        return "service_removed"

    async def _watch(self) -> str:
        who = self._following
        held = proof.Proof(who.team_id, who.user_id, who.token_id, who.session_key)
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                if await self._checks.run(proof.lost, {held}):
                    return "access_ended"
            except DatabaseError:
                log.exception("the access to a log cannot be checked right now")

    async def _write(self, lines: list[str]) -> None:
        part = ""
        for line in lines:
            part += line
            if len(part) > AT_ONCE:
                await self._put(part)
                part = ""
        if part:
            await self._put(part)

    async def _put(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self._send(_body(text))
        except TimeoutError as exc:
            raise UnheardError("too_slow") from exc
        except GONE as exc:
            raise UnheardError("") from exc
        self._wrote_at = time.monotonic()


def _body(text: str) -> dict[str, Any]:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}
