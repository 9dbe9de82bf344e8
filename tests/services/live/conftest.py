"""What the socket tests share: rows that other threads can see, and short intervals."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from services import events
from services.live import client, hub
from services.models import Event, Service
from tests.conftest import Person
from tests.factories import make_service, make_token

Publish = Callable[..., Awaitable[Event]]


@pytest.fixture(autouse=True)
def _committed(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RECHECK_S", 0.05)
    monkeypatch.setattr(client, "SEND_S", 0.2)


@pytest.fixture
def web(alice: Person) -> Service:
    return make_service(alice.team, name="web")


@pytest.fixture
def theirs(charlie: Person) -> Service:
    return make_service(charlie.team, name="theirs")


@pytest.fixture
def query(alice: Person) -> str:
    token = make_token(alice.team, alice.user)
    return f"token={token}&team_id={alice.team.id}"


@pytest.fixture
def publish() -> Publish:
    async def commit(service: Service, **said: Any) -> Event:
        return await sync_to_async(events.publish)(service, **said)

    return commit
