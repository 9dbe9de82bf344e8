"""Host ports: one owner each, from the router's block or published by the engine."""

import socket
from collections.abc import Iterator

import pytest
from pytest_django import Settings

from services.errors import InvalidError, RouterPortTakenError
from services.lifecycle import freed_ports, ports
from services.lifecycle.config import ReleaseConfig
from services.models import HostPort, Service
from services.routing.memory import MemoryRouter
from services.runtimes.base import PublishedPort
from tests.factories import make_instance, make_operation, make_release, make_service
from tests.services.at_once import at_once


@pytest.fixture
def other(service: Service) -> Service:
    return make_service(service.team, workspace=service.workspace, name="other")


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of this host that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_service_gets_the_next_free_port_of_the_block(service: Service, other: Service) -> None:
    first, second = ports.claim_http(service, 8000, None), ports.claim_http(other, 8000, None)

    assert (first.port, second.port) == (8080, 8081)


def test_it_keeps_the_port_it_has(service: Service) -> None:
    assert ports.claim_http(service, 8000, None) == ports.claim_http(service, 8000, None)


def test_it_keeps_its_port_when_the_app_listens_elsewhere(service: Service) -> None:
    held = ports.claim_http(service, 8000, None)

    moved = ports.claim_http(service, 5000, None)

    assert (moved.port, moved.container_port) == (held.port, 5000)
    assert HostPort.objects.count() == 1


def test_a_wanted_port_replaces_the_one_before(service: Service) -> None:
    ports.claim_http(service, 8000, None)

    assert ports.claim_http(service, 8000, 8090).port == 8090
    assert freed_ports.settle(service, succeeded=True)
    assert list(HostPort.objects.values_list("port", flat=True)) == [8090]


def test_a_wanted_port_is_given_up_again_when_its_deploy_fails(service: Service) -> None:
    ports.claim_http(service, 8000, None)
    ports.claim_http(service, 8000, 8090)

    assert freed_ports.settle(service, succeeded=False)
    assert list(HostPort.objects.values_list("port", "is_replaced")) == [(8080, False)]
    assert not freed_ports.settle(service, succeeded=False)


def test_a_port_of_another_service_is_refused_by_name_of_the_field(
    service: Service, other: Service
) -> None:
    ports.claim_http(service, 8000, 8090)

    with pytest.raises(InvalidError) as refusal:
        ports.claim_http(other, 8000, 8090)

    assert refusal.value.error_code == "port.in_use"
    assert refusal.value.details == {"port_mappings": ["port 8090 is already in use"]}


def test_a_refused_wish_leaves_the_port_it_had(service: Service, other: Service) -> None:
    ports.claim_http(service, 8000, 8090)
    held = ports.claim_http(other, 8000, None)

    with pytest.raises(InvalidError):
        ports.claim_http(other, 8000, 8090)

    assert HostPort.objects.get(service=other) == held


def test_an_empty_block_says_which_setting_helps(
    service: Service, other: Service, memory_router: MemoryRouter
) -> None:
    memory_router.ports = {8080}
    ports.claim_http(service, 8000, None)

    with pytest.raises(InvalidError) as refusal:
        ports.claim_http(other, 8000, None)

    assert "KYOZO_HTTP_PORTS" in refusal.value.fix


def test_a_port_outside_the_block_is_opened_by_the_router(
    service: Service, memory_router: MemoryRouter, free_port: int
) -> None:
    ports.claim_http(service, 8000, free_port)

    assert free_port in memory_router.ports


def test_a_port_outside_the_block_is_closed_once_nobody_has_it(
    service: Service, memory_router: MemoryRouter, free_port: int
) -> None:
    ports.claim_http(service, 8000, free_port)
    freed_ports.close_unused()
    assert free_port in memory_router.ports

    ports.claim_http(service, 8000, 8090)
    freed_ports.settle(service, succeeded=True)
    freed_ports.close_unused()

    assert free_port not in memory_router.ports


def test_a_port_that_the_router_lost_is_opened_again(
    service: Service, memory_router: MemoryRouter, free_port: int
) -> None:
    ports.claim_http(service, 8000, free_port)
    memory_router.ports.remove(free_port)

    ports.claim_http(service, 8000, None)

    assert free_port in memory_router.ports


def test_nobody_is_given_a_port_outside_the_block_without_asking(
    service: Service, other: Service, memory_router: MemoryRouter
) -> None:
    memory_router.add_port(3000)

    assert ports.claim_http(other, 8000, None).port == 8080


def test_a_port_that_the_router_cannot_open_is_not_kept(
    service: Service, memory_router: MemoryRouter, free_port: int
) -> None:
    memory_router.refuse_next(RouterPortTakenError("taken"))

    with pytest.raises(RouterPortTakenError):
        ports.claim_http(service, 8000, free_port)

    assert not HostPort.objects.exists()


def publishes(service: Service, *given: int) -> None:
    """Make a release the wanted one that publishes these ports of its port 5432."""
    config = ReleaseConfig(ports=tuple(PublishedPort(5432, port) for port in given))
    service.wanted_release = make_release(service, config=config.to_json())
    service.port_mappings = {"5432": {"host_port": given[0]}} if given else {}
    service.save()


def test_the_port_of_a_mapping_that_was_taken_out_becomes_free(
    service: Service, free_port: int
) -> None:
    ports.claim_raw(service, 5432, free_port, "tcp")
    publishes(service, free_port)
    service.port_mappings = {}
    service.save()
    freed_ports.release_unmapped()
    assert HostPort.objects.count() == 1  # the release that runs still has it

    publishes(service)
    freed_ports.release_unmapped()

    assert not HostPort.objects.exists()


def test_a_port_stays_while_an_instance_has_it(service: Service, free_port: int) -> None:
    ports.claim_raw(service, 5432, free_port, "tcp")
    publishes(service, free_port)
    make_instance(service, release=service.wanted_release)
    publishes(service)

    freed_ports.release_unmapped()

    assert HostPort.objects.count() == 1


def test_a_port_stays_while_an_operation_is_open(service: Service, free_port: int) -> None:
    ports.claim_raw(service, 5432, free_port, "tcp")
    publishes(service)
    make_operation(service)

    freed_ports.release_unmapped()

    assert HostPort.objects.count() == 1


def test_a_service_that_is_no_web_service_any_more_gives_its_http_port_back(
    service: Service,
) -> None:
    ports.claim_http(service, 8000, None)
    service.wanted_release = make_release(service, config=ReleaseConfig(http_port=8000).to_json())
    service.save()
    freed_ports.release_unmapped()
    assert HostPort.objects.count() == 1

    publishes(service)
    freed_ports.release_unmapped()

    assert not HostPort.objects.exists()


def test_a_port_outside_the_block_that_a_program_has_is_refused(
    service: Service, taken_port: int
) -> None:
    with pytest.raises(InvalidError) as refusal:
        ports.claim_http(service, 8000, taken_port)

    assert refusal.value.error_code == "port.in_use"


def test_in_production_a_port_outside_the_block_names_the_setting(
    service: Service, settings: Settings, free_port: int
) -> None:
    settings.KYOZO = {**settings.KYOZO, "MODE": "production"}

    with pytest.raises(InvalidError) as refusal:
        ports.claim_http(service, 8000, free_port)

    assert refusal.value.error_code == "port.outside_block"
    assert "KYOZO_HTTP_PORTS" in refusal.value.fix


def test_a_raw_port_must_be_free_on_the_host(service: Service, taken_port: int) -> None:
    with pytest.raises(InvalidError) as refusal:
        ports.claim_raw(service, 5432, taken_port, "tcp")

    assert refusal.value.error_code == "port.in_use"


def test_a_raw_port_that_is_ours_is_not_probed_again(service: Service, taken_port: int) -> None:
    HostPort.objects.create(
        service=service, port=taken_port, container_port=5432, is_http=False, protocol="tcp"
    )

    assert ports.claim_raw(service, 5432, taken_port, "tcp").port == taken_port


def test_tcp_and_udp_are_two_ports(service: Service, taken_port: int) -> None:
    assert ports.is_free(taken_port, "udp")
    assert not ports.is_free(taken_port, "tcp")
    assert ports.claim_raw(service, 53, taken_port, "udp").protocol == "udp"


def test_ports_are_let_go(service: Service) -> None:
    ports.claim_http(service, 8000, None)

    freed_ports.release_ports(service)

    assert not HostPort.objects.exists()


def test_services_at_once_get_different_ports(transactional_db: None, service: Service) -> None:
    rows = [make_service(service.team, workspace=service.workspace) for _ in range(4)]

    given = at_once(*(lambda row=row: ports.claim_http(row, 8000, None).port for row in rows))

    assert sorted(given) == [8080, 8081, 8082, 8083]
