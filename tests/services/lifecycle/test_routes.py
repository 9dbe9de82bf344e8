"""The router's table: no service's row and no removal takes the routes of others away."""

import pytest
from pytest_django import Settings

from services.errors import InvalidError, RouterError
from services.lifecycle.claims import claim
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.reconcile import reconcile
from services.lifecycle.remove import remove
from services.lifecycle.routes import endpoint, publish_routes, republish
from services.lifecycle.stop import stop
from services.lifecycle.sweep import sweep_services
from services.models import HostPort, Operation, Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.conftest import Person
from tests.factories import make_instance, make_release, make_service
from tests.services.lifecycle.working import (
    alive,
    bring_up,
    carry_out_all,
    containers,
    done,
    only,
)


@pytest.fixture
def busy(running: Service, engine: FakeRuntime, settings: Settings) -> Service:
    """`web`, with a visitor who keeps a connection to it open."""
    settings.KYOZO = {**settings.KYOZO, "DRAIN_S": 60}
    end = endpoint(only(running))
    assert end is not None
    engine.open_connections[end] = 1
    return running


@pytest.fixture
def theirs(charlie: Person) -> Service:
    """Of another team, not deployed."""
    return make_service(charlie.team, name="shop")


def give_port(service: Service, port: int = 8150) -> None:
    HostPort.objects.create(service=service, port=port, container_port=8000)


def start_removing(service: Service) -> None:
    """As far as it goes while the visitor stays."""
    remove(service, actor="alice")
    mine = claim(service.id)
    assert mine is not None
    while reconcile(mine).acted:
        pass
    mine.release()


def named_again(service: Service) -> Service:
    again = make_service(service.team, workspace=service.workspace, name=service.name)
    bring_up(again)
    return again


def hosts(router: MemoryRouter) -> dict[str, tuple[str, ...]]:
    return {route.service_id: route.hosts for route in router.table.routes}


def test_a_name_is_routed_again_while_the_one_before_still_drains(
    busy: Service, theirs: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    give_port(theirs)
    start_removing(busy)

    again = named_again(busy)

    assert hosts(memory_router) == {
        str(again.id): ("web.alpha.localhost",),
        str(theirs.id): ("shop.others.localhost",),
    }
    assert containers(engine) == {only(busy).name, only(again).name}


def test_a_removal_ends_beside_its_namesake(
    busy: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    start_removing(busy)
    again = named_again(busy)
    engine.open_connections.clear()

    carry_out_all()

    assert Operation.objects.get(service=busy).state == "succeeded"
    assert alive(busy) == []
    assert list(hosts(memory_router)) == [str(again.id)]
    assert not HostPort.objects.filter(service=busy).exists()


def test_a_removed_service_has_no_routes_before_its_removal_begins(
    running: Service, memory_router: MemoryRouter
) -> None:
    remove(running, actor="alice")

    republish()

    assert hosts(memory_router) == {}


def test_a_row_that_cannot_be_routed_costs_nobody_else_a_route(
    running: Service,
    theirs: Service,
    memory_router: MemoryRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Service.objects.filter(pk=theirs.pk).update(name="Not_A_Name")
    give_port(theirs)

    publish_routes(running)

    assert list(hosts(memory_router)) == [str(running.id)]
    assert f"service {theirs.id} (Not_A_Name) is not routed" in caplog.text


def test_a_bad_instance_is_left_out_and_the_others_serve(
    running: Service, memory_router: MemoryRouter, caplog: pytest.LogCaptureFixture
) -> None:
    good = only(running)
    nowhere = make_release(running, config=ReleaseConfig(http_port=70000).to_json())
    make_instance(running, release=nowhere, is_routed=True, address="10.208.0.99")

    republish()

    [route] = memory_router.table.routes
    assert [backend.instance_id for backend in route.backends] == [str(good.id)]
    assert f"service {running.id} (web) is not routed" in caplog.text


def test_who_cannot_be_routed_is_told_so_and_may_be_stopped(running: Service) -> None:
    Service.objects.filter(pk=running.pk).update(name="Not_A_Name")

    with pytest.raises(InvalidError) as refusal:
        publish_routes(running, must_be_in=True)

    assert refusal.value.error_code == "router.invalid_route"
    assert done(lambda: stop(running, actor="alice")).state == "succeeded"
    assert alive(running) == []


def test_a_sweep_goes_on_without_the_router(
    running: Service,
    engine: FakeRuntime,
    memory_router: MemoryRouter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine.lose(only(running).engine_id)
    memory_router.fail_next(RouterError("its folder is full"))

    assert sweep_services() == 1

    assert containers(engine) == {only(running).name}
    assert "its folder is full" in caplog.text
