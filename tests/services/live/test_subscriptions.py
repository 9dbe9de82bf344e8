"""Choosing services on a socket: some more, some less, all, none."""

from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from services import events
from services.live import choice
from services.live.choice import Choice
from services.models import Service
from tests.factories import make_service
from tests.services.live.conftest import Publish
from tests.services.live.wire import Socket

A, B, C = (str(uuid4()) for _ in range(3))


def chosen(*messages: tuple[str, Any]) -> str:
    """Which of three services are told after these messages."""
    now = Choice()
    for kind, ids in messages:
        change = now.subscribe if kind == "+" else now.unsubscribe
        now = change({"service_ids": ids})
    return "".join(name for name, one in zip("ABC", (A, B, C), strict=True) if now.has(one))


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], "ABC"),
        ([("+", [A])], "A"),
        ([("+", [A]), ("+", [B])], "AB"),
        ([("+", [A, B]), ("-", [A])], "B"),
        ([("+", [A]), ("-", [A])], ""),
        ([("+", [A]), ("-", [B])], "A"),
        ([("+", [A]), ("+", None)], "ABC"),
        ([("+", [A]), ("+", None), ("+", [B])], "B"),
        ([("+", [])], ""),
        ([("+", [A]), ("+", [])], "A"),
        ([("-", None)], ""),
        ([("-", None), ("+", [A])], "A"),
        ([("-", None), ("+", None)], "ABC"),
        ([("-", [A])], "BC"),
        ([("-", [A]), ("-", [B])], "C"),
        ([("-", [A]), ("+", [A])], "ABC"),
        ([("-", [A]), ("+", [A]), ("+", [A])], "ABC"),
        ([("-", [A]), ("+", None), ("+", [B])], "B"),
        ([("-", []), ("+", [A])], "A"),
        ([("+", [A.upper()])], "A"),
        ([("+", ["no id", "", str(uuid4())])], ""),
    ],
)
def test_what_is_told_after_some_messages(messages: list[tuple[str, Any]], told: str) -> None:
    assert chosen(*messages) == told


def test_build_output_stays_as_it_was_asked_for() -> None:
    asked = Choice().subscribe({"build_logs": True})

    assert asked.subscribe({"service_ids": [A]}).build_logs
    assert asked.subscribe({"service_ids": [A]}).unsubscribe({"service_ids": [A]}).build_logs
    assert asked.subscribe({}).build_logs
    assert not asked.subscribe({"build_logs": False}).build_logs
    assert not asked.unsubscribe({}).build_logs


async def test_services_are_added_and_dropped_one_by_one(
    query: str, web: Service, publish: Publish
) -> None:
    api, db = [await sync_to_async(make_service)(web.team) for _ in range(2)]
    async with Socket(query=query) as socket:
        socket.say(type="subscribe", service_ids=[str(web.id)])
        socket.say(type="subscribe", service_ids=[str(api.id)])
        assert await socket.is_silent()
        for one in (db, api, web):
            await publish(one)
        assert await socket.numbers(2) == [2, 3]

        socket.say(type="unsubscribe", service_ids=[str(api.id)])
        assert await socket.is_silent()
        for one in (db, api, web):
            await publish(one)
        assert await socket.numbers(1) == [6]


async def test_of_all_some_can_be_left_out(query: str, web: Service, publish: Publish) -> None:
    other = await sync_to_async(make_service)(web.team)
    async with Socket(query=query) as socket:
        socket.say(type="unsubscribe", service_ids=[str(other.id)])
        assert await socket.is_silent()
        await publish(other)
        await publish(web)

        assert await socket.numbers(1) == [2]


async def test_who_ends_all_hears_nothing_until_the_next_wish(
    query: str, web: Service, publish: Publish
) -> None:
    sample = {"event": "service_metrics_updated", "payload": {"service_id": str(web.id)}}
    async with Socket(query=query) as socket, Socket(query=query) as witness:
        socket.say(type="subscribe", build_logs=True)
        socket.say(type="unsubscribe")
        assert await witness.is_silent()
        assert await socket.is_silent()
        await publish(web)
        assert await witness.numbers(1) == [1]
        await sync_to_async(events.hint)(web, sample)
        assert await witness.frame() == sample
        assert await socket.is_silent()

        socket.say(type="subscribe")
        assert await socket.is_silent()
        await publish(web)
        assert await socket.numbers(1) == [2]


async def test_what_was_left_out_is_there_for_who_comes_back_with_since(
    query: str, web: Service, publish: Publish
) -> None:
    other = await sync_to_async(make_service)(web.team)
    async with Socket(query=query) as socket:
        socket.say(type="subscribe", service_ids=[str(web.id)])
        assert await socket.is_silent()
        for one in (web, other):
            await publish(one)
        last = (await socket.numbers(1))[0]
        socket.say(type="unsubscribe")
        assert await socket.is_silent()
        await publish(web)

    async with Socket(query=f"{query}&since={last}") as socket:
        assert await socket.numbers(2) == [2, 3]
        socket.say(type="subscribe", service_ids=[str(other.id)])
        assert await socket.is_silent()
        for one in (web, other):
            await publish(one)
        assert await socket.numbers(1) == [5]


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
@pytest.mark.parametrize("ids", [7, "all", {}, True, [7], [None], [["a"]]])
async def test_a_list_of_another_shape_is_an_error_and_changes_nothing(
    query: str, web: Service, publish: Publish, kind: str, ids: object
) -> None:
    async with Socket(query=query) as socket:
        socket.say(type="subscribe", service_ids=[str(web.id)])
        socket.say(type=kind, service_ids=ids)
        frame = await socket.frame()
        await publish(web)

        assert (frame["event"], frame["payload"]["code"]) == ("error", "bad_request")
        assert await socket.numbers(1) == [1]


@pytest.mark.parametrize("wish", [1, "true", [], {}])
async def test_so_is_a_wish_for_build_output_that_is_neither_yes_nor_no(
    query: str, web: Service, publish: Publish, wish: object
) -> None:
    async with Socket(query=query) as socket:
        socket.say(type="subscribe", service_ids=[], build_logs=wish)
        frame = await socket.frame()
        await publish(web)

        assert frame["payload"]["code"] == "bad_request"
        assert await socket.numbers(1) == [1]


@pytest.mark.parametrize("whose", ["theirs", "nobodys", "none"])
async def test_ids_of_others_are_like_ids_of_nothing(
    query: str, web: Service, theirs: Service, publish: Publish, whose: str
) -> None:
    key = {"theirs": str(theirs.id), "nobodys": str(uuid4()), "none": "../x"}[whose]
    async with Socket(query=query) as socket, Socket(query=query) as witness:
        for kind in ("subscribe", "unsubscribe", "subscribe"):
            socket.say(type=kind, service_ids=[key])
        assert await witness.is_silent()
        assert await socket.is_silent()
        await publish(theirs)
        await publish(web)
        assert await witness.numbers(1) == [1]
        assert await socket.is_silent()

        socket.say(type="subscribe", service_ids=[str(web.id)])
        assert await socket.is_silent()
        await publish(theirs)
        await publish(web)
        assert await socket.numbers(1) == [2]


@pytest.mark.parametrize("kind", ["subscribe", "unsubscribe"])
async def test_one_too_many_is_refused_and_the_rest_stays(
    query: str, web: Service, publish: Publish, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "MOST_SERVICES", 3)
    other = await sync_to_async(make_service)(web.team)
    kept = web if kind == "subscribe" else other
    async with Socket(query=query) as socket:
        socket.say(type=kind, service_ids=[str(web.id), str(uuid4()), str(uuid4())])
        assert await socket.is_silent()
        socket.say(type=kind, service_ids=[str(other.id)])
        refused = await socket.frame()
        socket.say(type=kind, service_ids=[str(web.id)])
        assert await socket.is_silent()
        for one in (web, other):
            await publish(one)

        assert refused["payload"]["code"] == "bad_request"
        assert (await socket.frame())["payload"]["service_id"] == str(kept.id)


async def test_hundreds_are_chosen_in_a_few_messages(
    query: str, web: Service, publish: Publish
) -> None:
    async with Socket(query=query) as socket:
        for _ in range(3):
            socket.say(type="subscribe", service_ids=[str(uuid4()) for _ in range(300)])
        socket.say(type="subscribe", service_ids=[str(web.id)])
        assert await socket.is_silent()
        await publish(web)

        assert await socket.numbers(1) == [1]


async def test_nobody_unsubscribes_before_they_came_in() -> None:
    async with Socket() as socket:
        socket.say(type="unsubscribe")

        assert await socket.close_code() == 4401
