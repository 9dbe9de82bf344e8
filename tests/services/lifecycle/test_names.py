"""A service's name leads, inside its team, to instances that serve, and to no others."""

import pytest

from services.errors import EngineError
from services.lifecycle.deploy import deploy
from services.lifecycle.sweep import settle
from services.models import Service
from services.runtimes.fake import FakeRuntime
from tests.factories import make_release
from tests.services.lifecycle.working import (
    at_step,
    carry_out_all,
    change,
    containers,
    done,
    never_healthy,
    only,
)


def leads_to(service: Service, engine: FakeRuntime) -> set[str | None]:
    networks = set(service.instances.values_list("network", flat=True)) - {""}
    [network] = networks
    return {*engine.engine.resolve(service.name, network=network)}


def test_the_name_leads_to_what_serves(running: Service, engine: FakeRuntime) -> None:
    assert leads_to(running, engine) == {only(running).address}


def test_one_that_has_not_passed_its_gate_is_not_found(
    running: Service, engine: FakeRuntime
) -> None:
    before = only(running)
    never_healthy(running, engine)
    found: list[set[str | None]] = []
    operation = deploy(running, actor="alice")

    def look_and_heal() -> None:
        found.append(leads_to(running, engine))
        engine.unhealthy.clear()

    with at_step("health", look_and_heal):
        carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert found == [{before.address}]
    assert leads_to(running, engine) == {only(running).address}


def test_while_both_serve_the_name_leads_to_both(running: Service, engine: FakeRuntime) -> None:
    change(running)
    deploy(running, actor="alice")
    found: list[set[str | None]] = []

    with at_step("settle", lambda: found.append(leads_to(running, engine))):
        carry_out_all()

    [both] = found
    assert len(both) == 2
    assert leads_to(running, engine) == {only(running).address}


def test_a_name_that_cannot_be_taken_away_keeps_nothing_from_ending(
    running: Service, engine: FakeRuntime
) -> None:
    change(running)
    operation = deploy(running, actor="alice")
    with at_step("settle", lambda: engine.fail_next("set_names", EngineError("no"))):
        carry_out_all()
    settle(running.id)

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert containers(engine) == {only(running).name}


def test_an_engine_that_gives_no_name_fails_the_deploy(
    running: Service, engine: FakeRuntime
) -> None:
    change(running)
    engine.fail_next("set_names", EngineError("no such network"))

    operation = done(lambda: deploy(running, actor="alice"))

    assert operation.error["message"] == "no such network"
    assert only(running).release.number == 1


def test_a_container_that_is_made_anew_is_named_after_its_gate(
    running: Service, engine: FakeRuntime
) -> None:
    instance = only(running)
    instance.refresh_from_db()
    engine.lose(instance.engine_id)
    engine.unhealthy.add(instance.release.image_digest)

    settle(running.id, is_patient=False)
    assert leads_to(running, engine) == set()

    engine.unhealthy.clear()
    settle(running.id)
    assert leads_to(running, engine) == {only(running).address}


@pytest.mark.parametrize(
    ("config", "is_named"),
    [({}, True), ({"http_port": 8000}, False), ({"check_port": 5432}, False)],
    ids=["no port", "web", "database"],
)
def test_without_a_port_the_name_is_there_at_once(
    running: Service, engine: FakeRuntime, config: dict[str, int], *, is_named: bool
) -> None:
    release = make_release(running, config=config)
    running.wanted_release, running.generation = release, 2
    running.save()

    settle(running.id, is_patient=False)

    fresh = running.instances.alive().get(generation=2)
    box = engine.engine.find(fresh.engine_id)
    assert bool(box.spec and box.spec.aliases) is is_named
