"""Ports of the platform itself and addresses nobody allowed: refused when a deploy claims them."""

from dataclasses import replace

import pytest
from pytest_django import Settings

from services.errors import InvalidError
from services.lifecycle import ports
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.deploy import deploy
from services.lifecycle.releases import again
from services.lifecycle.rollback import rollback
from services.models import HostPort, Release, Service
from services.routing.memory import MemoryRouter
from services.runtimes.base import PublishedPort
from services.runtimes.fake import FakeRuntime
from tests.factories import make_release
from tests.services.lifecycle.working import done, only

WEB, OUTSIDE, ROUTER = 7070, 7443, 7080


@pytest.fixture(autouse=True)
def _own_ports(settings: Settings, memory_router: MemoryRouter) -> None:
    settings.KYOZO = settings.KYOZO | {
        "PORT": WEB,
        "OUTSIDE_PORT": OUTSIDE,
        "HOST_IPS": ["::1", "0.0.0.0"],
    }
    memory_router.web_port = ROUTER


@pytest.mark.parametrize("port", [WEB, OUTSIDE, ROUTER])
@pytest.mark.parametrize("host_ip", ["::1", "0.0.0.0"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_raw_port_of_the_platform_is_not_claimed(
    service: Service, port: int, host_ip: str, protocol: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        ports.claim_raw(service, 9000, port, protocol, host_ip=host_ip)

    assert refusal.value.error_code == "port.in_use"
    assert not HostPort.objects.exists()


def test_nor_one_that_the_service_was_given_before(service: Service) -> None:
    HostPort.objects.create(service=service, port=WEB, container_port=9000, is_http=False)

    with pytest.raises(InvalidError):
        ports.claim_raw(service, 9000, WEB, "tcp")


def test_an_http_port_of_the_platform_is_not_claimed(service: Service) -> None:
    with pytest.raises(InvalidError):
        ports.claim_http(service, 8000, WEB)


def test_a_block_around_the_platforms_ports_gives_the_others(
    service: Service, settings: Settings, memory_router: MemoryRouter
) -> None:
    settings.KYOZO = settings.KYOZO | {"HTTP_PORTS": (WEB, WEB + 1)}
    memory_router.ports = {WEB, WEB + 1}

    assert ports.claim_http(service, 8000, None).port == WEB + 1


def test_an_address_that_nobody_allowed_is_not_claimed(service: Service) -> None:
    with pytest.raises(InvalidError) as refusal:
        ports.claim_raw(service, 9000, 19000, "tcp", host_ip="127.0.0.2")

    assert "KYOZO_HOST_IPS" in refusal.value.fix
    assert not HostPort.objects.exists()


def release_at(running: Service, port: int, host_ip: str) -> Release:
    """One that ran once, and was not changed since."""
    config = ReleaseConfig(ports=(PublishedPort(9000, port, "tcp", host_ip),)).to_json()
    digest = running.releases.get().image_digest
    return make_release(running, config=config, image_digest=digest)


@pytest.mark.parametrize(("port", "host_ip"), [(WEB, "127.0.0.1"), (19000, "127.0.0.2")])
def test_no_release_of_before_brings_it_back(
    running: Service, engine: FakeRuntime, port: int, host_ip: str
) -> None:
    running.port_mappings = {"9000": {"host_port": port, "host_ip": host_ip}}
    old = release_at(running, port, host_ip)

    with pytest.raises(InvalidError):
        rollback(running, to=old.number, actor="alice")


def published(service: Service, engine: FakeRuntime) -> str:
    spec = engine.engine.find(only(service).engine_id).spec
    assert spec
    return spec.ports[0].host_ip


@pytest.mark.parametrize("mappings", [{}, {"9000": {"host_port": 19000}}])
def test_an_address_that_nobody_named_follows_the_installations(
    running: Service, engine: FakeRuntime, settings: Settings, mappings: dict[str, object]
) -> None:
    """Releases from before 'nobody named one' was noted hold the default of their time."""
    running.port_mappings = mappings
    running.save(update_fields=["port_mappings"])
    old = release_at(running, 19000, "127.0.0.1")
    settings.KYOZO = settings.KYOZO | {"HOST_IP": "0.0.0.0", "HOST_IPS": []}

    operation = done(lambda: rollback(running, to=old.number, actor="alice"))

    assert (operation.state, published(running, engine)) == ("succeeded", "0.0.0.0")


def test_a_release_says_nothing_where_nobody_named_an_address(
    running: Service, engine: FakeRuntime, settings: Settings, unused_tcp_port: int
) -> None:
    running.port_mappings = {"8000": {}, "9000": {"host_port": unused_tcp_port}}
    running.save(update_fields=["port_mappings"])
    first = done(lambda: deploy(running, actor="alice")).release
    assert first
    assert first.config["ports"][0]["host_ip"] == ""
    assert published(running, engine) == "127.0.0.1"
    assert done(lambda: deploy(running, actor="alice")).result["unchanged"]
    settings.KYOZO = settings.KYOZO | {"HOST_IP": "0.0.0.0", "HOST_IPS": []}

    second = done(lambda: deploy(running, actor="alice"))

    assert "unchanged" not in second.result
    assert published(running, engine) == "0.0.0.0"


def test_what_was_frozen_before_is_not_made_anew_for_its_address_alone(
    running: Service, unused_tcp_port: int
) -> None:
    draft = again(release_at(running, unused_tcp_port, "127.0.0.1"))
    [port] = draft.config.ports

    unnamed = replace(draft, config=replace(draft.config, ports=(replace(port, host_ip=""),)))

    assert unnamed.fingerprint == draft.fingerprint
