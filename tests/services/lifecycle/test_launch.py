"""An address that another container has is left to it, and the instance gets the next one."""

from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import Any

import pytest
from django.utils import timezone

from services.errors import AddressTakenError, EngineError, FenceLostError, RouterError
from services.lifecycle.claims import Claim, claim
from services.lifecycle.launch import ADDRESS_TRIES, launch
from services.lifecycle.reconcile import reconcile
from services.lifecycle.scale import scale
from services.lifecycle.sweep import settle
from services.models import Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import done, expire_leases, only


def claimed(service: Service) -> Claim:
    mine = claim(service.id)
    assert mine is not None
    return mine


def refuse(engine: FakeRuntime, times: int) -> None:
    for _ in range(times):
        engine.fail_next("apply", AddressTakenError("Address already in use"))


def test_an_address_that_somebody_took_while_it_was_stopped(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    instance = only(running)
    box = engine.engine.find(instance.engine_id)
    engine.engine.stop(box)
    box.started_at = timezone.now() - timedelta(hours=1)
    foreign = engine.add_foreign("theirs", address=instance.address or "")

    settle(running.id)

    moved = only(running)
    assert (moved, moved.is_gated, moved.is_routed) == (instance, True, True)
    assert moved.address != instance.address
    [route] = memory_router.table.routes
    assert [backend.address for backend in route.backends] == [moved.address]
    assert engine.engine.find(foreign).address == instance.address


def test_addresses_that_are_taken_before_their_first_use(
    running: Service, engine: FakeRuntime
) -> None:
    first = ip_address(only(running).address or "")
    engine.add_foreign("theirs", address=str(first + 1))
    engine.add_foreign("theirs too", address=str(first + 2))

    done(partial(scale, running, replicas=2, actor="alice"))

    new = running.instances.alive().latest("created_at")
    assert (new.address, new.is_routed) == (str(first + 3), True)


def test_more_taken_addresses_than_are_tried_at_once(running: Service, engine: FakeRuntime) -> None:
    first = ip_address(only(running).address or "")
    for number in range(1, ADDRESS_TRIES + 4):
        engine.add_foreign(f"theirs-{number}", address=str(first + number))

    done(partial(scale, running, replicas=2, actor="alice"))
    settle(running.id)

    new = running.instances.alive().latest("created_at")
    assert (new.address, new.is_routed) == (str(first + ADDRESS_TRIES + 4), True)


def test_the_next_instance_does_not_meet_them_again(
    running: Service, engine: FakeRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    first = ip_address(only(running).address or "")
    engine.add_foreign("theirs", address=str(first + 1))
    done(partial(scale, running, replicas=2, actor="alice"))
    caplog.clear()

    done(partial(scale, running, replicas=3, actor="alice"))

    assert running.instances.alive().filter(address=str(first + 3)).exists()
    assert "moves" not in caplog.text


def test_a_router_that_is_away_is_asked_again_before_the_address_goes(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    """Or requests of this service would go to whoever has its address now."""
    mine, before = claimed(running), only(running)
    refuse(engine, 1)
    memory_router.fail_next(RouterError("away"))

    with pytest.raises(RouterError):
        launch(only(running), fence=mine)

    after = only(running)
    assert (after.address, after.is_routed) == (before.address, True)


def test_a_late_start_does_not_close_the_gate_of_what_serves(
    running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker stood still in the engine's call, and another one has finished meanwhile."""
    late, before = claimed(running), only(running)
    engine.disconnect(before.engine_id)
    apply = engine.apply

    def stall(*args: Any, **named: Any) -> Any:
        monkeypatch.setattr(engine, "apply", apply)
        expire_leases()
        settle(running.id)
        return apply(*args, **named)

    monkeypatch.setattr(engine, "apply", stall)
    with pytest.raises(FenceLostError):
        reconcile(late)

    after = only(running)
    assert (after.engine_id, after.is_gated, after.is_routed) == (before.engine_id, True, True)


def test_whoever_dies_while_it_makes_one_leaves_nothing_that_looks_removed(
    running: Service, engine: FakeRuntime
) -> None:
    """The row named the container that was about to be replaced, and a deploy failed for it."""
    before = only(running)
    engine.disconnect(before.engine_id)
    engine.fail_next("apply", EngineError("gone", code="engine.unreachable"))
    with pytest.raises(EngineError):
        reconcile(claimed(running))
    assert only(running).engine_id == ""

    expire_leases()
    settle(running.id)

    after = only(running)
    assert (after, after.engine_id, after.is_routed) == (before, before.engine_id, True)


def test_an_engine_that_gives_no_address_is_not_asked_for_ever(
    running: Service, engine: FakeRuntime
) -> None:
    mine = claimed(running)
    refuse(engine, ADDRESS_TRIES)

    with pytest.raises(AddressTakenError):
        launch(only(running), fence=mine)

    assert launch(only(running), fence=mine)


def test_whoever_lost_the_claim_changes_no_address(running: Service, engine: FakeRuntime) -> None:
    mine, before = claimed(running), only(running)
    refuse(engine, 1)
    expire_leases()
    assert claim(running.id)

    with pytest.raises(FenceLostError):
        launch(only(running), fence=mine)

    after = only(running)
    assert (after.address, after.is_gated, after.is_routed) == (before.address, True, True)
