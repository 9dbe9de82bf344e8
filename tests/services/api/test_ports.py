"""`port_mappings` of a service: a host port that cannot be had is refused when it is asked for."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from services.lifecycle.engine import router
from services.models import HostPort, Service, WantedState
from tests.conftest import Api
from tests.factories import make_service


@pytest.fixture(params=["post", "patch", "put"])
def ask(api: Api, service: Service, request: pytest.FixtureRequest) -> Any:
    """Asks for port mappings of a web app that listens on 8000: (status, its complaints)."""
    (Path(service.workspace.root) / "kyozo.toml").write_text("port = 8000\n")
    service.plan = {"port": 8000}
    service.save()
    new = {"name": "new", "folder_path": "/", "workspace_id": str(service.workspace_id)}

    def send(mappings: dict[str, Any]) -> tuple[int, str]:
        is_new = request.param == "post"
        path = api.at("/services") if is_new else api.at(f"/services/{service.id}")
        fields = {**(new if is_new else {}), "port_mappings": mappings}
        answer = getattr(api, request.param)(path, {"service": fields})
        return answer.status_code, str(answer.json().get("error", {}).get("details", ""))

    return send


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of this host that another program listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_port_of_the_routers_block_is_given(ask: Any) -> None:
    assert ask({"8000": {"host_port": 8090, "protocol": "tcp"}})[0] in {200, 201}


@pytest.mark.parametrize(
    "mapping", [{"host_port": 8090, "protocol": "udp"}, {"host_port": 8090, "host_ip": "127.0.0.2"}]
)
def test_the_http_port_has_no_say_in_how_the_router_listens(
    ask: Any, mapping: dict[str, Any]
) -> None:
    status, details = ask({"8000": mapping})

    assert status == 422
    assert "8000: " in details


@pytest.mark.parametrize(
    "host_ip", ["fe80::1%eth0", "127.0.0.1%lo", "192.0.2.1", "224.0.0.1", "255.255.255.255", "host"]
)
def test_raw_ports_listen_at_an_address_of_this_machine(
    ask: Any, host_ip: str, settings: Settings
) -> None:
    settings.KYOZO = settings.KYOZO | {"HOST_IPS": [host_ip]}
    status, details = ask({"8000": {}, "9000": {"host_port": 19000, "host_ip": host_ip}})

    assert status == 422
    assert "host_ip" in details


def test_an_address_is_the_machines_owners_word(ask: Any, settings: Settings) -> None:
    wish = {"8000": {}, "9000": {"host_port": 19000, "host_ip": "127.0.0.2"}}
    status, details = ask(wish)
    assert (status, "127.0.0.2 is not among the addresses" in details) == (422, True)

    settings.KYOZO = settings.KYOZO | {"HOST_IPS": ["127.0.0.2"]}

    assert ask(wish)[0] in {200, 201}


@pytest.mark.parametrize("host_ip", ["127.0.0.1", "::1", "0.0.0.0"])
@pytest.mark.parametrize("port", ["PORT", "OUTSIDE_PORT", "ROUTER_PORT"])
def test_nobody_takes_the_platforms_place(
    ask: Any, host_ip: str, port: str, settings: Settings
) -> None:
    own = {"PORT": 7070, "OUTSIDE_PORT": 7443, "ROUTER_PORT": router().web_port}
    settings.KYOZO = settings.KYOZO | own | {"HOST_IPS": ["::1", "0.0.0.0"]}
    status, details = ask({"8000": {}, "9000": {"host_port": own[port], "host_ip": host_ip}})

    assert (status, f"port {own[port]} is the platform's own" in details) == (422, True)


def test_the_platforms_ports_are_no_http_ports(ask: Any, settings: Settings) -> None:
    settings.KYOZO = settings.KYOZO | {"PORT": 8085}

    assert ask({"8000": {"host_port": 8085}})[0] == 422


@pytest.mark.parametrize(
    "mappings", [{"8000": {"host_port": 80}}, {"8000": {}, "53": {"host_port": 53}}]
)
def test_ports_of_the_machines_own_programs_are_refused_with_the_block(
    ask: Any, mappings: dict[str, Any]
) -> None:
    status, details = ask(mappings)

    assert status == 422
    assert "8080-8179" in details


def test_a_block_of_low_ports_is_the_machines_owners_word(ask: Any, settings: Settings) -> None:
    settings.KYOZO = settings.KYOZO | {"HTTP_PORTS": (80, 90)}

    assert ask({"8000": {"host_port": 80}})[0] in {200, 201}


@pytest.mark.parametrize("container_port", ["8000", "9000"])
def test_a_port_of_another_program_is_refused(
    ask: Any, taken_port: int, container_port: str, settings: Settings
) -> None:
    settings.KYOZO = settings.KYOZO | {"MODE": "embedded"}  # production has its block only
    status, details = ask({"8000": {}} | {container_port: {"host_port": taken_port}})

    assert (status, f"port {taken_port} is already in use" in details) == (422, True)


def test_a_port_of_another_service_is_refused(ask: Any, service: Service) -> None:
    other = make_service(service.team)
    HostPort.objects.create(service=other, port=8090, container_port=1)

    assert ask({"8000": {"host_port": 8090}})[0] == 422


@pytest.mark.parametrize(("wanted_state", "status"), [("new", 422), ("removed", None)])
def test_a_port_that_another_service_will_have_is_refused(
    ask: Any, service: Service, wanted_state: WantedState, status: int | None
) -> None:
    make_service(service.team, port_mappings={"1": {"host_port": 8090}}, wanted_state=wanted_state)

    assert (ask({"8000": {"host_port": 8090}})[0] == 422) == (status == 422)


def test_what_a_service_has_it_may_send_back(api: Api, service: Service, taken_port: int) -> None:
    HostPort.objects.create(service=service, port=taken_port, container_port=8000)
    shown = api.get(api.at(f"/services/{service.id}")).json()["data"]

    answer = api.put(api.at(f"/services/{service.id}"), {"service": shown})

    assert answer.status_code == 200, answer.content
    assert str(taken_port) in str(answer.json()["data"]["port_mappings"])
