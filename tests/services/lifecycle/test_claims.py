"""Who may act on a service: leases, fences, and what happens when somebody takes over."""

import threading
import time
from typing import Any

import pytest
from django.db.backends.signals import connection_created
from pytest_django import Settings

from services.errors import FenceLostError
from services.lifecycle.claims import Claim, Heartbeat, claim, fenced
from services.models import Service
from tests.services.at_once import at_once
from tests.services.lifecycle.working import expire_leases
from tests.waiting import wait_until


def taken(service: Service) -> Claim:
    mine = claim(service.id)
    assert mine is not None
    return mine


def test_a_claim_raises_the_fence(service: Service) -> None:
    mine = taken(service)

    service.refresh_from_db()
    assert mine.token == service.fence == 1
    mine.check()


def test_a_claimed_service_cannot_be_claimed(service: Service) -> None:
    taken(service)

    assert claim(service.id) is None


def test_a_released_service_can_be_claimed_again(service: Service) -> None:
    taken(service).release()

    assert taken(service).token == 2


def test_releasing_twice_does_not_end_somebody_elses_claim(service: Service) -> None:
    first = taken(service)
    first.release()
    second = taken(service)

    first.release()

    second.check()
    assert claim(service.id) is None


def test_a_lease_that_ran_out_frees_the_service(service: Service) -> None:
    taken(service)

    expire_leases()

    assert taken(service).token == 2


def test_whoever_was_taken_over_may_not_act(service: Service) -> None:
    late = taken(service)
    expire_leases()
    taken(service)

    with pytest.raises(FenceLostError):
        late.check()
    assert not late.renew()


def test_a_lease_that_ran_out_unnoticed_is_renewed_by_the_check(service: Service) -> None:
    mine = taken(service)
    expire_leases()

    mine.check()

    assert claim(service.id) is None


def test_a_released_claim_may_not_act(service: Service) -> None:
    mine = taken(service)
    mine.release()

    with pytest.raises(FenceLostError):
        mine.check()


def test_a_removed_row_cannot_be_claimed(service: Service) -> None:
    service.delete()

    assert claim(service.id) is None


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_wins(service: Service) -> None:
    claims = at_once(*[lambda: claim(service.id)] * 6)

    assert len([one for one in claims if one is not None]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_long_step_does_not_lose_its_lease(service: Service, settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, "LEASE_S": 3, "LEASE_RENEW_S": 0.05}
    mine = taken(service)
    heartbeat = Heartbeat()
    heartbeat.keep(mine)

    time.sleep(3.5)

    assert claim(service.id) is None
    heartbeat.drop(mine)


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_that_ends_keeps_no_connection(service: Service, settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, "LEASE_RENEW_S": 0.05}
    opened: list[str] = []
    closed: list[str] = []
    heartbeat = Heartbeat()
    mine = taken(service)

    def watch(connection: Any, **_: object) -> None:
        close = connection.close
        opened.append(threading.current_thread().name)

        def noted() -> None:
            closed.append(threading.current_thread().name)
            close()

        connection.close = noted

    connection_created.connect(watch)
    try:
        heartbeat.keep(mine)
        wait_until(lambda: "heartbeat" in opened, within_s=20, what="its connection is open")
        heartbeat.drop(mine)
        wait_until(lambda: "heartbeat" in closed, within_s=20, what="its connection is closed")
    finally:
        connection_created.disconnect(watch)


@pytest.mark.django_db(transaction=True)
def test_nobody_takes_a_service_over_while_its_holder_writes(service: Service) -> None:
    mine = taken(service)
    expire_leases()
    order: list[str] = []
    is_writing = threading.Event()

    def write() -> None:
        with fenced(mine):
            is_writing.set()
            time.sleep(0.3)  # the other one tries meanwhile
            order.append("written")

    def take_over() -> Claim | None:
        is_writing.wait(timeout=10)
        other = claim(service.id)
        order.append("taken over")
        return other

    _, other = at_once(write, take_over)

    assert order == ["written", "taken over"]
    assert other is not None
    assert other.token == mine.token + 1


@pytest.mark.django_db(transaction=True)
def test_what_a_holder_writes_after_it_was_taken_over_is_not_written(service: Service) -> None:
    mine = taken(service)
    expire_leases()
    taken(service)

    with pytest.raises(FenceLostError), fenced(mine):
        Service.objects.filter(pk=service.pk).update(status_reason="late")

    service.refresh_from_db()
    assert service.status_reason == ""
