"""The router's table, read whole from the database under the router's own lock."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.errors import InvalidError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router, runtime
from services.models import HostPort, Instance, Service, WantedState
from services.routing.table import Backend, Route, RouteTable

log = logging.getLogger(__name__)

ACKNOWLEDGE_S = 5.0


@dataclass(slots=True)
class Reading:
    """The table as it was read when the router took it. What cannot be routed is left out of it,
    and `refused` says why, by service: a table that fails would fail for all of them."""

    table: RouteTable = field(default_factory=RouteTable)
    refused: dict[str, InvalidError] = field(default_factory=dict)

    def read(self) -> RouteTable:
        """Services that are asked over HTTP: workers and databases have instances, but no routes.

        A removed one has none from its removal on, as its name is free; its requests end meanwhile.
        """
        asked = Service.objects.exclude(wanted_state=WantedState.REMOVED)
        asked = asked.filter(host_ports__is_http=True).select_related("team").distinct()
        services = list(asked.order_by("created_at", "id"))
        backends, ports = self._backends(), _http_ports()
        routes = [
            route
            for service in services
            if (route := self._route(service, ports[service.id], backends[service.id])) is not None
        ]
        self.table, refused = RouteTable.of_fitting(routes)
        self.refused |= refused
        for service in services:
            if (why := self.refused.get(str(service.id))) is not None:
                log.warning("service %s (%s) is not routed: %s", service.id, service, why.message)
        return self.table

    def _backends(self) -> Mapping[object, list[Backend]]:
        found: defaultdict[object, list[Backend]] = defaultdict(list)
        routed = Instance.objects.alive().filter(is_routed=True)
        for instance in routed.select_related("release"):
            if (end := endpoint(instance)) is None:
                continue
            try:
                found[instance.service_id].append(Backend(str(instance.id), *end))
            except InvalidError as exc:
                self.refused[str(instance.service_id)] = exc
        return found

    def _route(
        self, service: Service, ports: Iterable[int], backends: Iterable[Backend]
    ) -> Route | None:
        try:
            return Route(
                service_id=str(service.id),
                name=service.name,
                hosts=(host_name(service),),
                host_ports=tuple(ports),
                backends=tuple(backends),
            )
        except InvalidError as exc:
            self.refused[str(service.id)] = exc
            return None


def publish_routes(service: Service, *, must_be_in: bool = False) -> None:
    """Give the router the table as the database has it; return when it shows this service's part.

    The table is read under the router's lock, so a slower caller never overwrites a newer one.
    With `must_be_in` it raises `InvalidError` when something of this service had to be left out.
    """
    reading, mine = Reading(), str(service.id)
    router().publish(reading.read)
    router().wait_shown(reading.table, ACKNOWLEDGE_S, only=[mine])
    if must_be_in and mine in reading.refused:
        raise reading.refused[mine]


def republish() -> None:
    """The whole table once more, without waiting: for the sweep and for a restarted router."""
    router().publish(Reading().read)


def _http_ports() -> Mapping[object, list[int]]:
    found: defaultdict[object, list[int]] = defaultdict(list)
    for row in HostPort.objects.filter(is_http=True).order_by("port"):
        found[row.service_id].append(row.port)
    return found


def host_name(service: Service) -> str:
    return f"{service.name}.{service.team.slug}.localhost"


def endpoint(instance: Instance, port: int | None = None) -> tuple[str, int] | None:
    """Where this process reaches an instance: its own address, or what the engine published."""
    config = ReleaseConfig.from_json(instance.release.config)
    container_port = port or config.http_port
    if container_port is None:
        return None
    if runtime().caps().direct_addresses and instance.address:
        return instance.address, container_port
    published = instance.host_ports.get(str(container_port))
    return ("127.0.0.1", int(published)) if published else None
