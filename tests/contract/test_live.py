"""WebSocket Events: each of the four in the document's shape, token and team in the address."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone

from services import events
from services.lifecycle.gate import record
from services.models import Service
from services.monitoring import metrics
from services.probes.base import ProbeResult
from services.runtimes.base import Stats
from tests.conftest import Person
from tests.contract.document import differences, payload
from tests.factories import make_instance, make_service, make_token
from tests.services.live.wire import Socket

pytestmark = pytest.mark.django_db(transaction=True)


USE = Stats(
    cpu_percent=15.5,
    memory_bytes=242221056,
    memory_limit_bytes=536870912,
    network_rx_bytes=0,
    network_tx_bytes=0,
    disk_read_bytes=0,
    disk_write_bytes=0,
    at=timezone.now(),
)


@pytest.fixture
def web(alice: Person) -> Service:
    return make_service(alice.team, name="web")


@pytest.fixture
def query(alice: Person) -> str:
    return f"token={make_token(alice.team, alice.user)}&team_id={alice.team.id}"


def holds(section: str, frame: dict[str, Any]) -> bool:
    assert frame["event"] == payload(section)["event"]
    return list(differences(payload(section), frame)) == []


async def test_service_status_change(query: str, web: Service) -> None:
    web.status = "running"
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(events.status_changed)(web, previous="deploying")

        assert holds("Service Status Change", await socket.frame())


async def test_deployment_event(query: str, web: Service) -> None:
    said: dict[str, Any] = {"event_type": "deployment_completed", "duration_ms": 45000}
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(events.publish)(web, **said)

        assert holds("Deployment Event", await socket.frame())


async def test_health_check_update(query: str, web: Service) -> None:
    instance = await sync_to_async(make_instance)(web)
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(record)(web, instance, ProbeResult(ok=True, response_time_ms=125))

        assert holds("Health Check Update", await socket.frame())


async def test_service_metrics_update(query: str, web: Service) -> None:
    sample = metrics._frame(web, [USE], answered_ms=125)
    async with Socket(query=query) as socket:
        assert await socket.is_silent()
        await sync_to_async(events.hint)(web, sample)

        assert holds("Service Metrics Update", await socket.frame())
