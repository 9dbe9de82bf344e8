"""Logs and build output over a socket: asked for by service, of one's own team only."""

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.db import DatabaseError

from services import events
from services.live import log_stream, socket_logs
from services.models import Service, WantedState
from services.monitoring import follow
from services.monitoring.follow import Following, Told
from services.monitoring.positions import Position
from services.runtimes.base import LogLine
from tests.services.lifecycle.conftest import _short_times, engine, running
from tests.services.lifecycle.working import only
from tests.services.live.conftest import Publish
from tests.services.live.wire import Socket

__all__ = ["_short_times", "engine", "running"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "POLL_S", 0.02)


@pytest.fixture
def say(running: Service, engine: Any) -> Callable[[str], None]:
    lines: list[LogLine] = engine.engine.find(only(running).engine_id).lines
    return lambda text: lines.append(LogLine(f"2026-01-31T12:00:0{len(lines)}Z", "stdout", text))


async def payload(socket: Socket) -> Any:
    while (frame := await socket.frame())["event"] != "service_logs":
        pass
    return frame["payload"]


async def places(count: int) -> None:
    async with asyncio.timeout(30):
        while follow._counts.total() != count:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_lines_come_as_they_are_said(
    query: str, running: Service, say: Callable[[str], None]
) -> None:
    say("one")
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))
        first = await payload(socket)
        say("two")
        second = await payload(socket)

    assert [row["line"] for row in first["lines"] + second["lines"]] == ["one", "two"]
    await places(0)


async def test_one_instance_can_be_chosen(
    query: str, running: Service, say: Callable[[str], None]
) -> None:
    say("one")
    name = (await sync_to_async(only)(running)).name
    async with Socket(query=query) as socket:
        asked = {"type": "follow_logs", "service_id": str(running.id)}
        socket.say(**asked, instance="nobody")
        say("two")
        socket.say(**asked, instance=name)
        lines = (await payload(socket))["lines"]

    assert [row["line"] for row in lines] == ["one", "two"]


async def test_a_database_away_at_the_beginning_makes_nothing_old_new(
    query: str, running: Service, say: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, failures = Following.begin, iter([DatabaseError("away")])

    def begin_late(self: Following, **asked: Any) -> list[Told]:
        for failure in failures:
            raise failure
        return begin(self, **asked)

    monkeypatch.setattr(Following, "begin", begin_late)
    say("one")
    say("two")
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id), lines=1)

        assert [row["line"] for row in (await payload(socket))["lines"]] == ["two"]


async def test_a_cursor_resumes(query: str, running: Service, say: Callable[[str], None]) -> None:
    say("one")
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))
        cursor = (await payload(socket))["cursor"]
    say("two")

    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id), cursor=cursor)
        assert [row["line"] for row in (await payload(socket))["lines"]] == ["two"]


async def test_a_cursor_of_many_instances_resumes_too(
    query: str, running: Service, say: Callable[[str], None]
) -> None:
    """Of a hundred in the middle of a deploy: a message holds 16 KiB."""
    position = Position.now()
    for number in range(200):
        for stream in ("stdout", "stderr"):
            position.take(f"{number:012x}.{stream}", (1769860800_123456789, 1))
    say("one")

    async with Socket(query=query) as socket:
        cursor = position.text()
        socket.say(type="follow_logs", service_id=str(running.id), cursor=cursor)
        assert [row["line"] for row in (await payload(socket))["lines"]] == ["one"]


async def test_what_is_not_followed_any_more_is_silent(
    query: str, running: Service, say: Callable[[str], None]
) -> None:
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))
        assert await socket.is_silent()
        socket.say(type="unfollow_logs", service_id=str(running.id))
        await places(0)
        say("one")
        await asyncio.sleep(0.05)

        assert await socket.is_silent()


async def test_following_again_begins_anew_and_counts_once(
    query: str, running: Service, say: Callable[[str], None]
) -> None:
    say("one")
    async with Socket(query=query) as socket:
        for _ in range(3):
            socket.say(type="follow_logs", service_id=str(running.id))
            assert [row["line"] for row in (await payload(socket))["lines"]] == ["one"]
        await places(1)


async def test_a_removed_service_says_so(query: str, running: Service) -> None:
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))
        await places(1)
        await Service.objects.aupdate(wanted_state=WantedState.REMOVED)

        assert (await socket.frame())["event"] == "service_logs_ended"
        assert await socket.is_silent()


async def test_ids_of_others_and_of_nothing_are_one_answer(query: str, theirs: Service) -> None:
    answers = []
    async with Socket(query=query) as socket:
        keys: list[Any] = [str(theirs.id), str(uuid4()), "no id", "../x", None, [], {"a": 1}]
        for key in keys:
            socket.say(type="follow_logs", service_id=key)
            answers.append(await socket.frame())

    assert answers[0]["payload"] == {"message": "Service not found", "code": "not_found"}
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("whose", ["theirs", "nobodys"])
async def test_subscribing_to_an_id_of_others_is_like_one_of_nothing(
    query: str, web: Service, theirs: Service, publish: Publish, whose: str
) -> None:
    key = str(theirs.id) if whose == "theirs" else str(uuid4())
    async with Socket(query=query) as socket:
        socket.say(type="subscribe", service_ids=[key], build_logs=True)
        assert await socket.is_silent()
        await publish(theirs)
        await publish(web)
        chunk = {"service_id": str(theirs.id), "number": 1, "text": "secret"}
        events.hint(theirs, {"event": "build_log", "payload": chunk})
        await asyncio.sleep(0.05)

        assert await socket.is_silent()


async def test_build_output_can_be_asked_for_and_given_up(query: str, web: Service) -> None:
    chunk = {"event": "build_log", "payload": {"service_id": str(web.id), "number": 1, "text": "a"}}
    async with Socket(query=query) as socket:
        for wanted in (True, False):
            socket.say(type="subscribe", build_logs=wanted)
            assert await socket.is_silent()
        events.hint(web, chunk)

        assert await socket.is_silent()


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": 0},
        {"lines": "5"},
        {"lines": True},
        {"lines": 10**9},
        {"cursor": "W10="},
        {"cursor": 5},
        {"cursor": Position.now().text(), "lines": 5},
        {"stream": "disk"},
        {"stream": ["stdout"]},
        {"search": 7},
        {"instance": 7},
    ],
)
async def test_a_bad_wish_is_answered(query: str, web: Service, wrong: dict[str, Any]) -> None:
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(web.id), **wrong)

        assert (await socket.frame())["payload"]["code"] == "bad_request"


@pytest.mark.parametrize(
    ("module", "limit", "code"),
    [
        (socket_logs, "MOST_OF_A_SOCKET", "bad_request"),
        (follow, "MOST_OF_A_TEAM", "logs.too_many_followers"),
    ],
    ids=["of a socket", "of a team"],
)
async def test_so_many_are_followed_at_once(
    module: ModuleType,
    limit: str,
    code: str,
    query: str,
    running: Service,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, limit, 0)
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))

        assert (await socket.frame())["payload"]["code"] == code


async def test_who_is_closed_out_hears_no_more_of_it(
    query: str, running: Service, alice: Any
) -> None:
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))
        await places(1)
        await sync_to_async(alice.user.memberships.all().delete)()

        assert await socket.close_code() == 4401
        await places(0)


async def test_a_fault_of_ours_closes_the_socket(
    query: str, running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Following) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(Following, "news", broken)
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))

        assert await socket.close_code() == 1011
        await places(0)


async def test_beginning_again_and_again_is_refused(query: str, running: Service) -> None:
    async with Socket(query=query) as socket:
        for _ in range(socket_logs.BEGINNINGS + 1):
            socket.say(type="follow_logs", service_id=str(running.id))

        assert (await socket.frame())["payload"]["code"] == "rate_limited"
        await places(1)
