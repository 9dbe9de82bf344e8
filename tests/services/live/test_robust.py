"""Slow readers, nonsense and unknown addresses: each is answered or closed, nobody else suffers."""

import asyncio

import pytest
from django.db import DatabaseError

from services import events
from services.live import client as clients
from services.live import hub, socket_logs
from services.models import Service
from tests.services.live.conftest import Publish
from tests.services.live.wire import Socket


async def test_a_reader_that_stops_is_closed_and_others_go_on(
    query: str, web: Service, publish: Publish
) -> None:
    async with Socket(query=query) as slow, Socket(query=query) as quick:
        assert await slow.is_silent()
        assert await quick.is_silent()
        slow.reads.clear()
        await publish(web)
        await publish(web)

        assert await quick.numbers(2) == [1, 2]
        await ended(web)
        slow.reads.set()


async def ended(service: Service) -> None:
    """Wait until a socket of the team was given up."""
    async with asyncio.timeout(5):
        room = hub.hub()._rooms[service.team_id]
        while not any(client.is_ended for client in room.holders):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_a_queue_that_is_full_closes_with_too_slow(
    query: str, web: Service, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "MOST_BYTES", 1000)
    monkeypatch.setattr(clients, "SEND_S", 5.0)
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        socket.reads.clear()
        for _ in range(5):
            await publish(web)
        await ended(web)
        socket.reads.set()

        assert await socket.close_code() == 4408


async def test_what_is_not_numbered_is_dropped_before_anybody_is_closed(
    query: str, web: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "MOST_BYTES", 400)
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        events.hint(web, {"event": "operation_progress", "payload": {"step": "x" * 500}})

        assert await socket.is_silent()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "[" * 10_000,
        '{"type":"shout"}',
        '{"type":"subscribe","service_ids":7}',
    ],
)
async def test_nonsense_is_answered_and_the_socket_lives(query: str, text: str) -> None:
    async with Socket(query=query) as socket:
        socket.say_text(text)
        assert (await socket.frame())["event"] == "error"
        assert await socket.is_silent()


@pytest.mark.parametrize("since", ["x", "-1", "9" * 40, "1e999", "nan", "1_0", "%D9%A3"])
async def test_a_since_that_is_no_number_is_refused(query: str, since: str) -> None:
    async with Socket(query=f"{query}&since={since}") as socket:
        assert await socket.close_code() == 4400


@pytest.mark.parametrize(
    "since", ["1e999", "-1e999", "NaN", "1.5", "true", "-1", "9" * 40, '"x"', '"1e999"', "[]", "{}"]
)
async def test_so_is_one_of_a_first_message(since: str) -> None:
    async with Socket() as socket:
        socket.say_text(f'{{"type":"authenticate","token":"any","since":{since}}}')
        assert await socket.close_code() == 4400


def away(*asked: object, **options: object) -> None:
    raise DatabaseError("away")


@pytest.mark.parametrize("work", ["proof.by_token", "hub.last_number", "hub.first_kept"])
async def test_a_database_that_is_away_closes_and_leaves_nothing_behind(
    query: str, web: Service, publish: Publish, work: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish(web)
    monkeypatch.setattr(f"services.live.{work}", away)
    async with Socket(query=f"{query}&since=0") as socket:
        assert await socket.close_code() == 1013

    assert asyncio.get_running_loop() not in hub._hubs


async def test_so_does_one_that_goes_away_later(
    query: str, web: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_logs, "_find", away)
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        socket.say(type="follow_logs", service_id=str(web.id))
        assert await socket.close_code() == 1013

    assert asyncio.get_running_loop() not in hub._hubs


async def test_a_number_too_long_to_read_is_answered() -> None:
    async with Socket() as socket:
        socket.say_text(f'{{"type":"authenticate","token":"any","since":{"9" * 5000}}}')
        assert (await socket.frame())["event"] == "error"
