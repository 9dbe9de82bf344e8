"""The table of routes: which names and ports of this host lead to which instances.

The router reads its file as a Go template and its rules as a small language, so nothing that is not
on a short list of characters is ever let into a table.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any, Self

from services.errors import InvalidError

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
HOST_MAX = 253
TAKEN = "it is already taken by another route"


@dataclass(frozen=True, slots=True, order=True)
class Backend:
    """Where one instance listens."""

    instance_id: str
    address: str
    port: int

    def __post_init__(self) -> None:
        _check_name("instance_id", self.instance_id)
        _check_port("port", self.port)
        _check_address(self.address)

    @property
    def url(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"http://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Route:
    """One service. Without backends it stays in the table and the router answers 503 for it."""

    service_id: str
    name: str
    hosts: tuple[str, ...] = ()
    host_ports: tuple[int, ...] = ()
    backends: tuple[Backend, ...] = ()
    sticky: bool = False

    def __post_init__(self) -> None:
        _check_name("service_id", self.service_id)
        _check_name("name", self.name)
        for host in self.hosts:
            _check_host(host)
        for port in self.host_ports:
            _check_port("host_ports", port)
        _check_once("hosts", self.hosts)
        _check_once("host_ports", self.host_ports)
        _check_once("backends", (backend.url for backend in self.backends))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            service_id=data["service_id"],
            name=data["name"],
            hosts=tuple(data["hosts"]),
            host_ports=tuple(data["host_ports"]),
            backends=tuple(Backend(**backend) for backend in data["backends"]),
            sticky=data["sticky"],
        )


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All routes of this installation; a service, a host and a host port appear at most once."""

    routes: tuple[Route, ...] = ()

    def __post_init__(self) -> None:
        _check_once("service_id", (route.service_id for route in self.routes))
        _check_once("hosts", (host for route in self.routes for host in route.hosts))
        _check_once("host_ports", (port for route in self.routes for port in route.host_ports))

    @classmethod
    def of_fitting(cls, routes: Iterable[Route]) -> tuple[Self, dict[str, InvalidError]]:
        """Of routes that want the same, the first has it; the others' services, and why not."""
        taken: set[tuple[str, str | int]] = set()
        fitting, refused = [], {}
        for route in routes:
            wanted = _wanted(route)
            if (clash := next((one for one in wanted if one in taken), None)) is not None:
                refused[route.service_id] = _refusal(*clash, TAKEN)
                continue
            taken.update(wanted)
            fitting.append(route)
        return cls(tuple(fitting)), refused

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]]) -> Self:
        return cls(tuple(Route.from_json(route) for route in data))

    def to_json(self) -> list[dict[str, Any]]:
        """In one order whatever the caller's, so that an equal table is an equal file."""
        routes = sorted(self.routes, key=lambda route: route.service_id)
        return [asdict(route) for route in routes]


def _wanted(route: Route) -> list[tuple[str, str | int]]:
    return [
        ("service_id", route.service_id),
        *(("hosts", host) for host in route.hosts),
        *(("host_ports", port) for port in route.host_ports),
    ]


def _check_name(field: str, value: str) -> None:
    if not LABEL.fullmatch(value):
        raise _refusal(field, value, "use lower-case letters, digits and inner dashes")


def _check_host(host: str) -> None:
    if len(host) > HOST_MAX or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise _refusal("hosts", host, "use a plain lower-case host name, without port or wildcard")


def _check_port(field: str, port: int) -> None:
    if not 1 <= port <= 65535:
        raise _refusal(field, port, "use a port from 1 to 65535")


def _check_address(address: str) -> None:
    try:
        parsed = ip_address(address)
    except ValueError:
        raise _refusal("address", address, "use an IP address") from None
    if getattr(parsed, "scope_id", None) is not None:
        raise _refusal("address", address, "use an IP address without a zone")


def _check_once(field: str, values: Iterable[str | int]) -> None:
    for value, count in Counter(values).items():
        if count > 1:
            raise _refusal(field, value, TAKEN)


def _refusal(field: str, value: object, advice: str) -> InvalidError:
    return InvalidError(
        f"{field} {value!r} cannot be routed: {advice}",
        code="router.invalid_route",
        fix=advice,
        details={field: [advice]},
    )
