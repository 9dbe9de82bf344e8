"""Status changes reach the callback in order, once each, over whatever happens to connections."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from kyozo_sdk import UnauthorizedError, watching
from services import events
from services.live import hub
from services.models import Event, Service
from services.teams.models import ApiToken
from tests.conftest import Person
from tests.factories import make_service
from tests.sdk.both import Api
from tests.sdk.conftest import Make
from tests.sdk.cutting import Cutter
from tests.waiting import wait_until

Heard = list[tuple[str, str]]
Change = Callable[[Service, str], None]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RECHECK_S", 0.05)
    monkeypatch.setattr(watching, "FRAME_S", 0.05)
    monkeypatch.setattr(watching, "POLL_S", 0.05)


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def on_change(heard: Heard) -> Callable[[str, str], None]:
    return lambda service_id, status: heard.append((service_id, status))


@pytest.fixture(params=["socket", "asking"])
def way(request: pytest.FixtureRequest, port: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the library for sockets, and as if it were not installed.

    After the server has begun: it loads that library as well, when the first one of a process does.
    """
    if request.param == "asking":
        monkeypatch.setitem(sys.modules, "websockets.exceptions", None)
    return str(request.param)


def become(service: Service, status: str) -> None:
    previous, service.status = service.status, status
    events.status_changed(service, previous=previous)


def heard_of(heard: Heard, count: int) -> list[str]:
    wait_until(lambda: len(heard) >= count, within_s=10, what=f"{count} changes", look_every_s=0.01)
    return [status for _, status in heard]


@pytest.fixture
def watched(way: str, sdk: Api, on_change: Any, service: Service) -> Iterator[Any]:
    subscription = sdk.services.on_status_change(on_change)
    yield subscription
    subscription.stop()


def test_changes_come_in_order(watched: Any, service: Service, heard: Heard) -> None:
    for status in ("building", "deploying", "running"):
        become(service, status)

    assert heard_of(heard, 3) == ["building", "deploying", "running"]
    assert {service_id for service_id, _ in heard} == {str(service.id)}


def test_after_stop_nothing_comes(watched: Any, service: Service, heard: Heard) -> None:
    become(service, "building")
    heard_of(heard, 1)

    watched.stop()
    watched.stop()
    become(service, "running")

    wait_until(lambda: not watched.is_active, within_s=10, what="the end", look_every_s=0.01)
    assert [status for _, status in heard] == ["building"]
    assert watched.error is None


def test_a_cut_loses_and_repeats_nothing(
    way: str, make: Make, wire: Cutter, service: Service, on_change: Any, heard: Heard
) -> None:
    subscription = make(base_url=wire.url).services.on_status_change(on_change)
    for number in range(6):
        become(service, f"status-{number}")
        if number % 2:
            heard_of(heard, number + 1)
        wire.cut_all()

    assert heard_of(heard, 6) == [f"status-{number}" for number in range(6)]
    become(service, "running")
    assert heard_of(heard, 7)[6:] == ["running"]
    subscription.stop()


def test_it_goes_on_after_a_number(
    way: str, sdk: Api, service: Service, on_change: Any, heard: Heard
) -> None:
    become(service, "building")
    become(service, "running")

    subscription = sdk.services.on_status_change(on_change, since=1)

    assert heard_of(heard, 1) == ["running"]
    wait_until(lambda: subscription.last == 2, within_s=20, what="its number", look_every_s=0.01)
    subscription.stop()


def test_one_service_only(
    way: str, sdk: Api, alice: Person, service: Service, on_change: Any, heard: Heard
) -> None:
    other = make_service(alice.team)
    subscription = sdk.services.on_status_change(on_change, service=service.id)

    become(other, "error")
    become(service, "running")
    subscription_heard = heard_of(heard, 1)
    subscription.stop()

    assert subscription_heard == ["running"]


def test_another_teams_changes_are_not_told(
    watched: Any, charlie: Person, service: Service, heard: Heard
) -> None:
    become(make_service(charlie.team), "error")
    become(service, "running")

    assert heard_of(heard, 1) == ["running"]


def test_it_ends_with_an_error_where_access_does(
    way: str, sdk: Api, service: Service, on_change: Any
) -> None:
    told: list[Exception] = []
    subscription = sdk.services.on_status_change(on_change, on_error=told.append)

    ApiToken.objects.update(revoked_at=timezone.now())

    wait_until(lambda: told, within_s=10, what="an error", look_every_s=0.01)
    assert isinstance(told[0], UnauthorizedError)
    wait_until(lambda: not subscription.is_active, within_s=20, what="the end", look_every_s=0.01)


def test_a_callback_that_raises_ends_it(sdk: Api, service: Service) -> None:
    def fail(service_id: str, status: str) -> None:
        raise LookupError(status)

    subscription = sdk.services.on_status_change(fail)
    become(service, "running")

    wait_until(lambda: subscription.error, within_s=10, what="an error", look_every_s=0.01)
    assert isinstance(subscription.error, LookupError)


def test_what_is_no_longer_kept_is_looked_up(
    sdk: Api, service: Service, on_change: Any, heard: Heard
) -> None:
    """The socket says `resync`: what was missed is gone, how things stand is not."""
    Service.objects.update(status="stopped")
    for number in range(5):
        become(service, f"status-{number}")
    Event.objects.filter(number__lte=3).delete()

    subscription = sdk.services.on_status_change(on_change, since=0)

    assert "stopped" in heard_of(heard, 1)
    become(service, "running")
    wait_until(lambda: heard[-1][1] == "running", within_s=10, what="it", look_every_s=0.01)
    subscription.stop()


def test_a_platform_that_was_put_back_is_followed_from_there(
    sdk: Api, service: Service, on_change: Any, heard: Heard
) -> None:
    """Its numbers are lower than the one that was seen last: they count on from the answer's."""
    subscription = sdk.services.on_status_change(on_change, since=1000)
    heard_of(heard, 1)  # how things stand

    become(service, "building")

    wait_until(lambda: heard[-1][1] == "building", within_s=10, what="it", look_every_s=0.01)
    assert subscription.last < 1000
    subscription.stop()


def test_a_callback_may_stop_it(sdk: Api, service: Service, heard: Heard) -> None:
    def once(service_id: str, status: str) -> None:
        heard.append((service_id, status))
        subscription.stop()

    subscription = sdk.services.on_status_change(once)
    become(service, "building")
    become(service, "running")

    wait_until(lambda: not subscription.is_active, within_s=10, what="the end", look_every_s=0.01)
    assert [status for _, status in heard] == ["building"]


def test_it_ends_with_its_client(way: str, make: Make, service: Service, on_change: Any) -> None:
    api = make()
    subscription = api.services.on_status_change(on_change)

    api.close()

    wait_until(lambda: not subscription.is_active, within_s=10, what="the end", look_every_s=0.01)
    assert subscription.error is None
