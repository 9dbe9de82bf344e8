"""Nothing hostile gets into a table, and what is written can be read."""

import pytest

from services.errors import InvalidError
from services.routing.table import Backend, Route, RouteTable

HOSTILE = [
    "a`) || PathPrefix(`/",
    '{{ env "SECRET" }}',
    "a\nb",
    "a.localhost\n",
    "*.localhost",
    "A.localhost",
    "a..b",
    "-a.b",
    "a.b.",
    "a:80",
    "",
    "x" * 64,
    ".".join(["x" * 60] * 5),
    "ä.localhost",
]


@pytest.mark.parametrize("host", HOSTILE)
def test_a_hostile_host_name_is_refused(host: str) -> None:
    with pytest.raises(InvalidError) as caught:
        Route("shop", "shop", (host,))

    assert caught.value.error_code == "router.invalid_route"
    assert "hosts" in caught.value.details


@pytest.mark.parametrize("name", ["a`b", "a@internal", "{{.}}", "a b", "a.b", "../a", ""])
def test_a_hostile_service_is_refused(name: str) -> None:
    with pytest.raises(InvalidError):
        Route(name, "shop")
    with pytest.raises(InvalidError):
        Route("shop", name)


@pytest.mark.parametrize("address", ["db.internal", "127.0.0.1/x", "fe80::1%eth0", "127.1", ""])
def test_a_backend_is_an_ip_address(address: str) -> None:
    with pytest.raises(InvalidError):
        Backend("i-1", address, 80)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_is_a_port(port: int) -> None:
    with pytest.raises(InvalidError):
        Backend("i-1", "127.0.0.1", port)
    with pytest.raises(InvalidError):
        Route("shop", "shop", (), (port,))


def test_two_services_cannot_have_one_host_or_one_port() -> None:
    with pytest.raises(InvalidError, match="already taken"):
        RouteTable((Route("a", "a", ("x.localhost",)), Route("b", "b", ("x.localhost",))))
    with pytest.raises(InvalidError, match="already taken"):
        RouteTable((Route("a", "a", (), (8080,)), Route("b", "b", (), (8080,))))


def test_a_route_names_a_host_and_a_port_once() -> None:
    with pytest.raises(InvalidError, match="already taken"):
        Route("a", "a", ("x.localhost", "x.localhost"))
    with pytest.raises(InvalidError, match="already taken"):
        Route("a", "a", (), (8080, 8080))


@pytest.mark.parametrize(
    "second", [Route("a", "b"), Route("b", "b", ("x.localhost",)), Route("b", "b", (), (8080,))]
)
def test_of_two_routes_that_want_the_same_the_first_has_it(second: Route) -> None:
    first, third = Route("a", "a", ("x.localhost",), (8080,)), Route("c", "c", ("c.localhost",))

    table, refused = RouteTable.of_fitting([first, second, third])

    assert table.routes == (first, third)
    assert [why.error_code for why in refused.values()] == ["router.invalid_route"]
    assert list(refused) == [second.service_id]


def test_an_ipv6_address_is_bracketed() -> None:
    assert Backend("i-1", "fd00::1", 80).url == "http://[fd00::1]:80"


def test_a_table_survives_its_file() -> None:
    backend = Backend("i-1", "10.0.0.1", 80)
    table = RouteTable((Route("a", "a", ("x.localhost",), (8080,), (backend,), sticky=True),))

    assert RouteTable.from_json(table.to_json()) == table
