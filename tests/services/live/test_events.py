"""What a socket hears: its team's events, in order, without a gap."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from services import events
from services.live import hub
from services.models import Event, Service
from tests.factories import make_event, make_service
from tests.services.live.conftest import Publish
from tests.services.live.wire import Socket


async def test_an_event_arrives_in_the_seeds_shape(
    query: str, web: Service, publish: Publish
) -> None:
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await publish(web, event_type="deployment_completed", duration_ms=45000)
        frame = await socket.frame()

    assert frame["event"] == "deployment_event"
    assert frame["sequence_number"] == 1
    expected = {"event_type": "deployment_completed", "duration_ms": 45000, "success": True}
    assert frame["payload"].items() >= {"service_id": str(web.id), **expected}.items()


@pytest.mark.parametrize(
    ("said", "success"),
    [
        ({"event_type": "deployment_started"}, True),
        ({"event_type": "container_stopped"}, True),
        ({"event_type": "container_restarted"}, True),
        ({"event_type": "health_check_recovered"}, True),
        ({"event_type": "deployment_failed"}, False),
        ({"event_type": "health_check_failed"}, False),
        ({"event_type": "container_stopped", "error": {"message": "exited with code 3"}}, False),
        ({"event_type": "container_stopped", "error": {"code": "crash_loop"}}, False),
    ],
)
async def test_success_is_said_of_what_was_done_as_wanted(
    query: str, web: Service, publish: Publish, said: dict[str, Any], *, success: bool
) -> None:
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await publish(web, **said)

        assert (await socket.frame())["payload"]["success"] is success


async def test_a_status_change_says_from_what_to_what(query: str, web: Service) -> None:
    web.status = "running"
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(events.status_changed)(web, previous="deploying")
        payload = (await socket.frame())["payload"]

    assert (payload["previous_status"], payload["status"]) == ("deploying", "running")


async def test_another_team_hears_nothing(
    query: str, web: Service, theirs: Service, publish: Publish
) -> None:
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await publish(theirs)
        await publish(web)
        frame = await socket.frame()

    assert frame["payload"]["service_id"] == str(web.id)


async def test_since_replays_what_was_missed_and_goes_on_live(
    query: str, web: Service, publish: Publish
) -> None:
    for _ in range(5):
        await publish(web)
    async with Socket(query=f"{query}&since=2") as socket:
        missed = await socket.numbers(3)
        await publish(web)
        live = await socket.numbers(1)

    assert missed + live == [3, 4, 5, 6]


async def test_nothing_is_lost_between_replay_and_live(
    query: str, web: Service, publish: Publish
) -> None:
    for _ in range(10):
        await publish(web)

    async def go_on() -> None:
        for _ in range(20):
            await publish(web)

    publishing = asyncio.create_task(go_on())
    async with Socket(query=f"{query}&since=0") as socket:
        numbers = await socket.numbers(30)
    await publishing

    assert numbers == list(range(1, 31))


async def test_what_is_no_longer_kept_is_said_instead_of_skipped(
    query: str, web: Service, publish: Publish
) -> None:
    for _ in range(4):
        await publish(web)
    await Event.objects.filter(number__lte=2).adelete()

    async with Socket(query=f"{query}&since=1") as socket:
        resync = await socket.frame()
        await publish(web)
        after = await socket.numbers(1)

    assert (resync["event"], resync["sequence_number"], after) == ("resync", 4, [5])


async def test_a_number_from_the_future_is_a_resync(query: str, web: Service) -> None:
    async with Socket(query=f"{query}&since=99") as socket:
        assert (await socket.frame())["event"] == "resync"


async def test_a_lost_hint_costs_time_and_no_event(
    query: str, web: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "POLL_S", 0.1)
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(make_event)(web.team, 1, service=web)

        assert await socket.numbers(1) == [1]


async def test_only_the_services_asked_for_are_told(
    query: str, web: Service, publish: Publish
) -> None:
    other = await sync_to_async(make_service)(web.team)
    async with Socket(query=query) as socket:
        socket.say(type="subscribe", service_ids=[str(web.id)])
        assert await socket.is_silent()
        await publish(other)
        await publish(web)

        assert await socket.numbers(1) == [2]


async def test_build_logs_come_only_when_asked_for(query: str, web: Service) -> None:
    chunk = {"event": "build_log", "payload": {"service_id": str(web.id), "number": 1, "text": "a"}}
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        events.hint(web, chunk)
        assert await socket.is_silent()
        socket.say(type="subscribe", build_logs=True)
        assert await socket.is_silent()
        events.hint(web, chunk)

        assert await socket.frame() == chunk


async def test_the_last_socket_takes_the_hub_with_it(query: str) -> None:
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        used = hub.hub()

    assert hub.hub() is not used
    hub.hub().close()
