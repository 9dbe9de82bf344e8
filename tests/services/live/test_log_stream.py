"""GET .../logs?follow=true as a server sees it: lines as they come, until something ends it."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from kyozo.asgi import application
from services.accounts.tokens import revoke_token
from services.live import log_stream
from services.models import Service, WantedState
from services.monitoring import follow, logs
from services.runtimes.base import LogLine
from services.teams import limits
from services.teams.models import ApiToken, Membership, Team, hash_token
from tests.conftest import Api, Person
from tests.factories import make_workspace
from tests.services.lifecycle.conftest import _short_times, engine, running
from tests.services.lifecycle.working import only

__all__ = ["_short_times", "engine", "running"]
WAIT_S = 5.0


class Stream:
    """One request to the application, read line by line; `reads` cleared it stops reading."""

    def __init__(self, api: Api, path: str) -> None:
        address, _, query = api.at(path).partition("?")
        headers = {
            "host": "testserver",
            "x-api-key": api.token,
            "x-team-id": str(api.team.id),
        }
        self.scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "path": address,
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        }
        self.status = 0
        self.headers: dict[str, str] = {}
        self.over = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.leaves = asyncio.Event()
        self.given_up = asyncio.Event()
        self._lines: asyncio.Queue[str] = asyncio.Queue()

    async def line(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await asyncio.wait_for(self._lines.get(), WAIT_S))
        return found

    async def texts(self, count: int) -> list[str]:
        return [(await self.line())["line"] for _ in range(count)]

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        try:
            await self.reads.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            return
        for line in message["body"].decode().splitlines():
            self._lines.put_nowait(line)
        if not message.get("more_body", False):
            self.over.set()


@asynccontextmanager
async def following(api: Api, path: str, *, reads: bool = True) -> AsyncIterator[Stream]:
    stream = Stream(api, path)
    if not reads:
        stream.reads.clear()
    task = asyncio.create_task(application(stream.scope, stream.receive, stream.send))
    try:
        yield stream
    finally:
        stream.reads.set()
        stream.leaves.set()
        await asyncio.wait_for(task, WAIT_S)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "POLL_S", 0.02)
    monkeypatch.setattr(log_stream, "RECHECK_S", 0.05)
    monkeypatch.setattr(log_stream, "SEND_S", 0.2)


@pytest.fixture
def say(running: Service, engine: Any) -> Callable[[str], None]:
    lines: list[LogLine] = engine.engine.find(only(running).engine_id).lines
    return lambda text: lines.append(LogLine(f"2026-01-31T12:00:0{len(lines)}Z", "stdout", text))


@pytest.fixture
def path(running: Service) -> str:
    return f"/services/{running.id}/logs?follow=true"


async def test_lines_come_as_they_are_said(api: Api, path: str, say: Callable[[str], None]) -> None:
    say("one")
    async with following(api, path) as stream:
        first = await stream.line()
        say("two\n")
        second = await stream.line()

    assert (first["line"], second["line"]) == ("one", "two\n")
    assert set(first) == {"cursor", "instance", "stream", "time", "line"}
    assert stream.headers["content-type"] == "application/x-ndjson"
    assert "content-length" not in stream.headers


async def test_a_cursor_resumes_where_a_connection_broke(
    api: Api, path: str, say: Callable[[str], None]
) -> None:
    for text in ("one", "two", "three"):
        say(text)
    async with following(api, path) as stream:
        cursor = (await stream.line())["cursor"]
    say("four")

    async with following(api, f"{path}&cursor={cursor}") as stream:
        assert await stream.texts(3) == ["two", "three", "four"]


def revoke(person: Person) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())


def leave(person: Person) -> None:
    Membership.objects.filter(user=person.user).delete()


def remove(person: Person) -> None:
    Service.objects.update(wanted_state=WantedState.REMOVED)


@pytest.mark.parametrize(
    ("act", "code"),
    [(revoke, "access_ended"), (leave, "access_ended"), (remove, "service_removed")],
)
async def test_it_ends_when_there_is_no_right_or_nothing_to_follow(
    api: Api, alice: Person, path: str, act: Callable[[Person], None], code: str
) -> None:
    async with following(api, path) as stream:
        await places(1)
        await sync_to_async(act)(alice)

        assert (await stream.line())["end"] == code
        await asyncio.wait_for(stream.over.wait(), WAIT_S)


async def test_access_ends_however_slow_the_engine_is(
    api: Api, alice: Person, path: str, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    async with following(api, path) as stream:
        await places(1)
        monkeypatch.setattr(engine, "logs", lambda *_, **__: iter(is_over.wait, True))
        await asyncio.sleep(0.1)
        await sync_to_async(revoke)(alice)

        assert (await stream.line())["end"] == "access_ended"
        is_over.set()


async def test_a_client_that_goes_frees_its_place(api: Api, path: str) -> None:
    async with following(api, path) as stream:
        await places(1)
        stream.leaves.set()
        await places(0)


async def places(count: int) -> None:
    async with asyncio.timeout(WAIT_S):
        while follow._counts.total() != count:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_who_does_not_read_is_dropped_with_a_last_line(
    api: Api, path: str, say: Callable[[str], None]
) -> None:
    async with following(api, path) as stream:
        await places(1)
        say("one")
        await stream.line()
        stream.reads.clear()
        say("two")
        await asyncio.wait_for(stream.given_up.wait(), WAIT_S)
        stream.reads.set()

        assert (await stream.line())["end"] == "too_slow"


async def test_who_never_reads_is_dropped_like_who_stops(api: Api, path: str) -> None:
    async with following(api, path, reads=False) as stream:
        await asyncio.wait_for(stream.given_up.wait(), WAIT_S)
        stream.reads.set()

        assert (await stream.line())["end"] == "too_slow"
        await asyncio.wait_for(stream.over.wait(), WAIT_S)


async def test_who_is_behind_does_not_wait_for_the_rest(
    api: Api, path: str, say: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    say("one")
    async with following(api, path) as stream:
        cursor = (await stream.line())["cursor"]
    for number in range(5):
        say(f"line {number}")
    monkeypatch.setattr(log_stream, "POLL_S", 60)
    monkeypatch.setattr(logs, "MOST_TEXT", 1)

    async with following(api, f"{path}&cursor={cursor}") as stream:
        assert await stream.texts(5) == [f"line {number}" for number in range(5)]


async def test_a_quiet_log_sends_its_cursor_now_and_then(
    api: Api, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_stream, "QUIET_S", 0.05)
    async with following(api, path) as stream:
        assert set(await stream.line()) == {"cursor"}


async def test_too_many_are_refused(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "MOST_OF_A_TEAM", 1)
    async with following(api, path):
        await places(1)
        async with following(api, path) as second:
            error = (await second.line())["error"]

    assert (second.status, error["code"]) == (429, "logs.too_many_followers")
    assert int(second.headers["retry-after"]) >= 1


async def test_a_stranger_follows_nothing(stranger: Api, path: str) -> None:
    async with following(stranger, path) as stream:
        assert (await stream.line())["error"]["code"] == "not_found"
        await asyncio.wait_for(stream.over.wait(), WAIT_S)

    assert stream.status == 404


async def limit(api: Api, workspace_id: UUID) -> None:
    row = ApiToken.objects.filter(hash=hash_token(api.token))
    await row.aupdate(workspace_id=workspace_id)


async def test_a_token_of_one_workspace_follows_its_services_until_it_is_revoked(
    api: Api, running: Service, path: str, say: Callable[[str], None]
) -> None:
    await limit(api, running.workspace_id)
    say("one")
    async with following(api, path) as stream:
        assert (await stream.line())["line"] == "one"
        token = await ApiToken.objects.aget(hash=hash_token(api.token))
        await sync_to_async(revoke_token)(token)

        assert (await stream.line())["end"] == "access_ended"
        await asyncio.wait_for(stream.over.wait(), WAIT_S)


async def test_a_token_of_another_workspace_follows_nothing(
    api: Api, path: str, say: Callable[[str], None]
) -> None:
    await limit(api, (await sync_to_async(make_workspace)(api.team)).id)
    say("one")
    async with following(api, path) as stream:
        assert (await stream.line())["error"]["code"] == "not_found"
        await asyncio.wait_for(stream.over.wait(), WAIT_S)

    assert (stream.status, follow._counts.total()) == (404, 0)


async def test_it_counts_once_however_long_it_takes(
    api: Api, alice: Person, path: str, settings: Any, say: Callable[[str], None]
) -> None:
    settings.KYOZO = {**settings.KYOZO, "RATE_LIMITS": True}
    say("one")
    async with following(api, path) as stream:
        await stream.line()
        say("two")
        await stream.line()

    left = await sync_to_async(remaining)(alice.team)
    assert int(stream.headers["x-ratelimit-remaining"]) == left + 1


def remaining(team: Team) -> int:
    return limits.of_team(team, token_id=None).remaining
