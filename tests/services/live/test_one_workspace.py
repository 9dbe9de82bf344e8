"""A socket of a token of one workspace: whatever it tries, the rest of the team is not there."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async

from services import events
from services.events import Hint
from services.lifecycle.remove_workspace import remove_workspace
from services.live import log_stream
from services.models import Service, WantedState, Workspace
from services.runtimes.base import LogLine
from services.teams.models import ApiToken, Scope, hash_token
from tests.conftest import Person
from tests.factories import make_event, make_service, make_token, make_workspace
from tests.services.lifecycle.conftest import _short_times, engine, running
from tests.services.lifecycle.working import only
from tests.services.live.conftest import Publish
from tests.services.live.wire import Socket

__all__ = ["_short_times", "engine", "running"]
KINDS = ("operation_progress", "health_check_completed", "service_metrics_updated", "build_log")


def limited(person: Person, workspace: Workspace) -> str:
    # As an administrator's, though none can be made: what the row says must not matter.
    token = make_token(person.team, person.user, scope=Scope.ADMIN)
    ApiToken.objects.filter(hash=hash_token(token)).update(workspace=workspace)
    return f"token={token}"


@pytest.fixture
def mine(alice: Person) -> Workspace:
    return make_workspace(alice.team, name="mine")


@pytest.fixture
def own(mine: Workspace) -> Service:
    return make_service(mine.team, workspace=mine, name="own")


@pytest.fixture
def narrow(alice: Person, mine: Workspace) -> str:
    return limited(alice, mine)


def frame(kind: str, service: Service) -> dict[str, Any]:
    return {"event": kind, "payload": {"service_id": str(service.id), "number": 1, "text": "x"}}


async def test_events_of_its_own_services_are_all_it_hears(
    narrow: str, own: Service, web: Service, publish: Publish
) -> None:
    async with Socket(query=narrow) as socket:
        assert await socket.is_silent()
        for service in (web, own, web, own):
            await publish(service)

        assert await socket.numbers(2) == [2, 4]
        assert await socket.is_silent()


async def test_it_narrows_nobody_else(
    narrow: str, query: str, own: Service, web: Service, publish: Publish
) -> None:
    async with Socket(query=narrow), Socket(query=query) as whole:
        assert await whole.is_silent()
        for service in (web, own):
            await publish(service)

        assert await whole.numbers(2) == [1, 2]


async def test_what_it_missed_is_no_more_than_that(
    narrow: str, own: Service, web: Service, publish: Publish
) -> None:
    for service in (web, own, web, own):
        await publish(service)
    async with Socket(query=f"{narrow}&since=0") as socket:
        assert await socket.numbers(2) == [2, 4]
        assert await socket.is_silent()


@pytest.mark.parametrize("kind", KINDS)
async def test_nor_does_it_hear_what_is_not_numbered(
    narrow: str, own: Service, web: Service, kind: str
) -> None:
    async with Socket(query=narrow) as socket:
        socket.say(type="subscribe", build_logs=True)
        assert await socket.is_silent()
        await sync_to_async(events.hint)(web, frame(kind, web))
        await sync_to_async(events.hint)(own, frame(kind, own))

        assert await socket.frame() == frame(kind, own)


async def test_what_says_no_workspace_is_not_told(narrow: str, own: Service) -> None:
    """As what another version of a process would say, even of its own service."""
    async with Socket(query=narrow) as socket:
        assert await socket.is_silent()
        said = Hint(own.team_id, frame=frame("operation_progress", own))
        await sync_to_async(events.tell)(said)

        assert await socket.is_silent()


async def test_asking_for_others_by_their_id_gives_nothing(
    narrow: str, own: Service, web: Service, publish: Publish
) -> None:
    async with Socket(query=narrow) as socket:
        socket.say(type="subscribe", service_ids=[str(web.id), str(own.id)], build_logs=True)
        assert await socket.is_silent()
        await publish(web)
        await sync_to_async(events.hint)(web, frame("build_log", web))
        await publish(own)

        assert await socket.numbers(1) == [2]


async def test_what_tells_of_no_service_that_there_is_is_not_told(
    narrow: str, own: Service, publish: Publish
) -> None:
    def of_services_that_were() -> None:
        make_event(own.team, 1, service=None)
        make_event(own.team, 2, service_id=uuid4())

    await sync_to_async(of_services_that_were)()
    async with Socket(query=f"{narrow}&since=0") as socket:
        assert await socket.is_silent()


async def test_the_end_of_its_own_service_is_told(narrow: str, own: Service) -> None:
    def remove() -> None:
        Service.objects.update(wanted_state=WantedState.REMOVED)
        events.publish(own, event_type="container_stopped")

    async with Socket(query=narrow) as socket:
        assert await socket.is_silent()
        await sync_to_async(remove)()

        assert await socket.numbers(1) == [1]


async def test_logs_of_others_and_of_nothing_are_one_answer(
    narrow: str, web: Service, theirs: Service
) -> None:
    answers = []
    async with Socket(query=narrow) as socket:
        for key in (web.id, theirs.id, uuid4()):
            socket.say(type="follow_logs", service_id=str(key))
            answers.append(await socket.frame())

    assert answers[0]["payload"] == {"message": "Service not found", "code": "not_found"}
    assert all(answer == answers[0] for answer in answers)


@pytest.fixture
def say(running: Service, engine: Any) -> Callable[[str], None]:
    lines: list[LogLine] = engine.engine.find(only(running).engine_id).lines
    return lambda text: lines.append(LogLine("2026-01-31T12:00:00Z", "stdout", text))


async def test_logs_of_its_own_are_followed(
    alice: Person,
    running: Service,
    say: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_stream, "POLL_S", 0.02)
    workspace = await Workspace.objects.aget(pk=running.workspace_id)
    query = await sync_to_async(limited)(alice, workspace)
    say("one")
    async with Socket(query=query) as socket:
        socket.say(type="follow_logs", service_id=str(running.id))

        assert [row["line"] for row in (await socket.frame())["payload"]["lines"]] == ["one"]


async def test_a_number_it_cannot_go_on_from_is_told(narrow: str, own: Service) -> None:
    async with Socket(query=f"{narrow}&since=99") as socket:
        assert (await socket.frame())["event"] == "resync"


async def test_another_team_is_not_there(narrow: str, charlie: Person) -> None:
    async with Socket(query=f"{narrow}&team_id={charlie.team.id}") as socket:
        assert await socket.close_code() == 4404


async def test_it_ends_with_its_workspace(
    narrow: str, mine: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.live.hub.RECHECK_S", 60)
    async with Socket(query=narrow) as socket:
        assert await socket.is_silent()
        await asyncio.to_thread(remove_workspace, mine)

        assert await socket.close_code() == 4401
