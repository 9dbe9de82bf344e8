"""The router's table, read whole from the database under the router's own lock."""

from collections import defaultdict

from django.db.models import QuerySet

from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router, runtime
from services.models import HostPort, Instance, Service
from services.routing.table import Backend, Route, RouteTable

ACKNOWLEDGE_S = 5.0


def publish_routes(service: Service) -> None:
    """Give the router the table as the database has it; return when it shows this service's part.

    The table is read under the router's lock, so a slower caller never overwrites a newer one.
    """
    router().publish(current_table)
    mine = routes_of(Service.objects.filter(pk=service.pk))
    router().wait_shown(mine, ACKNOWLEDGE_S, only=[str(service.id)])


def republish() -> None:
    """The whole table once more, without waiting: for the sweep and for a restarted router."""
    router().publish(current_table)


def current_table() -> RouteTable:
    return routes_of(Service.objects.all())


def routes_of(services: QuerySet[Service]) -> RouteTable:
    """Of those that are asked over HTTP: workers and databases have instances, but no routes."""
    ports = HostPort.objects.filter(is_http=True, service__in=services).order_by("port")
    asked = services.filter(host_ports__is_http=True).select_related("team").distinct()
    routed = Instance.objects.alive().filter(is_routed=True, service__in=asked)
    backends: dict[object, list[Backend]] = defaultdict(list)
    for instance in routed.select_related("release"):
        if (end := endpoint(instance)) is not None:
            backends[instance.service_id].append(Backend(str(instance.id), end[0], end[1]))
    owned: dict[object, list[int]] = defaultdict(list)
    for row in ports:
        owned[row.service_id].append(row.port)
    return RouteTable(
        routes=tuple(
            Route(
                service_id=str(service.id),
                name=service.name,
                hosts=(host_name(service),),
                host_ports=tuple(owned[service.id]),
                backends=tuple(backends[service.id]),
            )
            for service in asked.order_by("id")
        )
    )


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
