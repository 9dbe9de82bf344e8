"""Sockets hear what other processes did, through a Redis that may come and go."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from pytest_django import Settings
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from services import events, relay
from services.events import Hint
from services.live import hub, subscriber
from services.models import Service
from services.teams.models import ApiToken
from tests.factories import make_event
from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run
from tests.services.live.test_hints import NONSENSE
from tests.services.live.wire import Socket

pytestmark = [pytest.mark.redis, pytest.mark.timeout(60)]

PUBLISH = """
import django
django.setup()
from services import events
from services.models import Service
events.publish(Service.objects.get(), event_type="deployment_completed")
"""


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with runs.begin() as run:
        servers.start_redis(run)
        yield run


@pytest.fixture(autouse=True)
def _through_redis(run: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks by themselves: what comes was hinted."""
    settings.KYOZO = {**settings.KYOZO, "REDIS_URL": servers.redis_url(run)}
    monkeypatch.setattr(hub, "POLL_S", 60)
    monkeypatch.setattr(hub, "RECHECK_S", 60)
    monkeypatch.setattr(subscriber, "FIRST_PAUSE_S", 0.02)
    monkeypatch.setattr(relay, "SEND_S", 10.0)


@pytest.fixture
async def redis(run: Run) -> AsyncIterator["Redis"]:
    async with Redis.from_url(servers.redis_url(run)) as redis:
        yield redis


async def listeners(redis: Redis, count: int) -> None:
    """Wait until so many processes listen."""
    async with asyncio.timeout(30):
        while (await redis.pubsub_numsub(relay.channel()))[0][1] != count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def is_heard(socket: Socket, redis: Redis) -> None:
    await listeners(redis, 1)
    assert await socket.is_silent()


async def tell(redis: Redis, said: Hint) -> None:
    """As another process does."""
    body = json.loads(relay.written(said)) | {"from": "another"}
    await redis.publish(relay.channel(), json.dumps(body))


def database_url() -> str:
    this = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{this['NAME']}"
    return f"postgresql://{this['USER']}@{this['HOST']}:{this['PORT']}/{this['NAME']}"


async def test_what_another_process_does_is_heard(
    query: str, web: Service, run: Run, redis: Redis
) -> None:
    ours = {"DATABASE_URL": database_url(), "KYOZO_BROKER_URL": servers.redis_url(run)}
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", PUBLISH],
            cwd=ROOT,
            env=os.environ | ours,
            check=True,
            timeout=30,
        )

        assert (await socket.frame())["payload"]["event_type"] == "deployment_completed"


async def test_what_is_not_numbered_comes_whole(query: str, web: Service, redis: Redis) -> None:
    frame = {"event": "operation_progress", "payload": {"service_id": str(web.id), "step": "x"}}
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        await tell(redis, Hint(web.team_id, frame=frame, workspace_id=web.workspace_id))

        assert await socket.frame() == frame


async def test_what_this_process_said_does_not_come_back(
    query: str, web: Service, run: Run, redis: Redis
) -> None:
    send = relay.Sender(servers.redis_url(run))
    unsubscribe = events.subscribe(send)
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        await sync_to_async(events.hint)(web, {"event": "operation_progress", "payload": {}})
        await tell(redis, Hint(web.team_id, frame={"event": "pong"}))

        assert [(await socket.frame())["event"] for _ in "12"] == ["operation_progress", "pong"]
    unsubscribe()
    send.close()


async def test_a_process_subscribes_once_and_while_it_has_sockets(query: str, redis: Redis) -> None:
    async with Socket(query=query), Socket(query=query):
        await listeners(redis, 1)
    await listeners(redis, 0)


async def test_another_team_and_another_installation_are_not_heard(
    query: str, web: Service, theirs: Service, redis: Redis
) -> None:
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        await tell(redis, Hint(theirs.team_id, frame={"event": "theirs"}))
        await redis.publish("kyozo.another.live", relay.written(Hint(web.team_id, frame={})))
        await redis.publish(relay.channel(), "nonsense")
        await tell(redis, Hint(web.team_id, frame={"event": "ours"}))

        assert (await socket.frame())["event"] == "ours"


@pytest.mark.parametrize("name", NONSENSE)
async def test_nonsense_on_the_channel_ends_no_listening(
    query: str, web: Service, redis: Redis, name: str
) -> None:
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        subscribed = (await redis.info("stats"))["total_connections_received"]
        await redis.publish(relay.channel(), NONSENSE[name])
        await tell(redis, Hint(web.team_id, frame={"event": "ours"}))

        assert (await socket.frame())["event"] == "ours"
        assert (await redis.info("stats"))["total_connections_received"] == subscribed


async def test_a_hint_that_cannot_be_handed_out_ends_no_listening(
    query: str, web: Service, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        with monkeypatch.context() as patch:
            patch.setattr(hub, "loose_frame", broken)
            await tell(redis, Hint(web.team_id, frame={"event": "lost"}))
            await handed_out(redis)
        await tell(redis, Hint(web.team_id, frame={"event": "ours"}))

        assert (await socket.frame())["event"] == "ours"


def broken(*said: object, **options: object) -> None:
    raise LookupError("a mistake of ours")


async def handed_out(redis: Redis) -> None:
    """A hint that was said before this returns has come: Redis keeps their order."""
    async with redis.pubsub(ignore_subscribe_messages=True) as heard:
        await heard.subscribe(relay.channel())
        await redis.publish(relay.channel(), "{}")
        await next_of(heard)
        await asyncio.sleep(0.1)


async def test_a_restart_of_redis_loses_nothing(
    query: str, web: Service, run: Run, redis: Redis
) -> None:
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        await asyncio.to_thread(servers.stop_redis, run)
        await sync_to_async(make_event)(web.team, 1, service=web)
        await asyncio.to_thread(servers.start_redis, run)

        assert await socket.numbers(1) == [1]
        await redis.connection_pool.disconnect()
        await tell(redis, Hint(web.team_id, frame={"event": "heard again"}))
        assert (await socket.frame())["event"] == "heard again"


async def test_the_first_hint_after_a_restart_is_sent(run: Run, web: Service, redis: Redis) -> None:
    send = relay.Sender(servers.redis_url(run))
    await asyncio.to_thread(send, Hint(web.team_id, up_to=1))
    await asyncio.to_thread(servers.stop_redis, run)
    await asyncio.to_thread(servers.start_redis, run)
    await redis.connection_pool.disconnect()
    async with redis.pubsub(ignore_subscribe_messages=True) as heard:
        await heard.subscribe(relay.channel())
        await listeners(redis, 1)
        await asyncio.to_thread(send, Hint(web.team_id, up_to=2))

        assert b'"up_to":2' in await next_of(heard)
    send.close()


async def next_of(heard: PubSub) -> bytes:
    async with asyncio.timeout(30):
        while (message := await heard.get_message(timeout=1)) is None:
            pass
    return bytes(message["data"])


async def test_a_redis_that_does_not_answer_is_asked_anew(
    query: str, web: Service, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscriber, "QUIET_S", 1.0)
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        subscribed = (await redis.info("stats"))["total_connections_received"]
        await asyncio.sleep(2.5)  # quiet, and answering
        assert (await redis.info("stats"))["total_connections_received"] == subscribed
        await redis.client_pause(3000)
        await sync_to_async(make_event)(web.team, 1, service=web)

        assert await socket.numbers(1) == [1]


async def test_a_redis_that_is_not_there_leaves_a_process_its_own_events(
    query: str, web: Service, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "REDIS_URL": "redis://127.0.0.1:1"}
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(events.publish)(web)

        assert await socket.numbers(1) == [1]


async def test_access_that_ended_elsewhere_ends_at_once(
    query: str, web: Service, redis: Redis
) -> None:
    async with Socket(query=query) as socket:
        await is_heard(socket, redis)
        await ApiToken.objects.all().adelete()
        await tell(redis, Hint(web.team_id))

        assert await socket.close_code() == 4401
    async with Socket(query=query) as socket:
        assert await socket.close_code() == 4401
