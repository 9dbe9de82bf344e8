"""Slow readers, nonsense and unknown addresses: each is answered or closed, nobody else suffers."""

import asyncio
import json

import pytest
from django.db import DatabaseError

from services import events
from services.live import client as clients
from services.live import consumers, hub, socket_logs
from services.models import Service
from services.teams.models import ApiToken
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
    async with asyncio.timeout(30):
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
        '{"type":{"type":"ping"}}',
        '{"type":"follow_logs","service_id":"\\ud800"}',
        '{"type":"ping","padding":"' + "x" * 20_000 + '"}',
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


async def test_a_reader_too_slow_for_its_replay_is_closed(
    query: str, web: Service, publish: Publish
) -> None:
    for _ in range(3):
        await publish(web)
    async with Socket(query=f"{query}&since=0", reads_at_first=False) as socket:
        await waited_for(socket)
        await asyncio.sleep(0.25)  # longer than a frame may take
        socket.reads.set()

        assert await socket.close_code() == 4408
    assert asyncio.get_running_loop() not in hub._hubs


async def waited_for(socket: Socket) -> None:
    """Wait until the server waits for the reader."""
    async with asyncio.timeout(30):
        while not socket.is_waited_for:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)


async def test_who_may_hear_no_more_is_not_told_the_rest_of_a_replay(
    query: str, web: Service, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "SEND_S", 5.0)
    for _ in range(3):
        await publish(web)
    async with Socket(query=f"{query}&since=0", reads_at_first=False) as socket:
        await waited_for(socket)
        await ApiToken.objects.all().adelete()
        await ended(web)
        socket.reads.set()

        # The one frame that was on its way, and then nothing but the end.
        assert await socket.close_code() == 4401
    assert socket.frames <= 1


async def test_who_asks_and_does_not_read_is_closed(query: str, web: Service) -> None:
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        socket.reads.clear()
        socket.say(type="ping")
        await waited_for(socket)
        await asyncio.sleep(0.25)  # longer than a frame may take
        socket.reads.set()

        assert await socket.close_code() == 4408


async def test_an_error_of_ours_is_told_by_a_code(
    query: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*said: object) -> None:
        raise LookupError("a mistake of ours")

    monkeypatch.setattr(consumers, "_parse", broken)
    async with Socket(query=query) as socket:
        socket.say(type="ping")
        assert await socket.close_code() == 1011
    assert "a socket is closed by an error" in caplog.text


@pytest.mark.parametrize("data", [b"", b"{}", b'{"type":"ping"}', b"\xff" * 20_000])
async def test_frames_that_are_no_text_are_answered_and_the_socket_lives(
    query: str, data: bytes
) -> None:
    async with Socket(query=query) as socket:
        socket.say_bytes(data)
        assert (await socket.frame())["payload"]["code"] == "bad_request"
        assert await socket.is_silent()


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "[]",
        '{"type":"shout"}',
        '{"type":["authenticate"]}',
        '{"type":"authenticate","token":"\\ud800"}',
        "x" * 20_000,
    ],
)
async def test_nonsense_of_who_is_nobody_yet_lets_nobody_in(text: str) -> None:
    async with Socket() as socket:
        socket.say_text(text)
        message = await socket.next()
        if message["type"] == "websocket.close":
            assert message["code"] == 4401
        else:
            assert json.loads(message["text"])["payload"]["code"] == "bad_request"
            socket.say(type="ping")
            assert await socket.close_code() == 4401


@pytest.mark.parametrize("what", [7, ["x"], {"a": 1}, True, "\x00", "x" * 5000])
async def test_a_token_that_is_none_is_refused(what: object) -> None:
    async with Socket() as socket:
        socket.say(type="authenticate", token=what)
        assert await socket.close_code() == 4401


async def test_a_number_too_long_to_read_is_answered() -> None:
    async with Socket() as socket:
        socket.say_text(f'{{"type":"authenticate","token":"any","since":{"9" * 5000}}}')
        assert (await socket.frame())["event"] == "error"
