"""Host ports: given to services, owned by a row, so that two services never get the same one.

HTTP ports belong to the router and come from its reserved block. Other ports are published by the
engine from the instance itself.
"""

import socket
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from services.errors import InvalidError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router
from services.models import HostPort, Instance, Outcome, Service, WantedState

DEFAULT_PORT = 8080


def http_port(
    mappings: Mapping[str, Mapping[str, Any]], *, process: str, port: int | None
) -> int | None:
    """The container port behind the router: the app's own, unless another was said."""
    if process != "web":
        return None
    tcp = [int(p) for p, m in mappings.items() if m.get("protocol", "tcp") == "tcp"]
    if port in tcp:
        return port
    return tcp[0] if tcp else port or DEFAULT_PORT


def claim_http(service: Service, container_port: int, wanted: int | None) -> HostPort:
    """The service's HTTP host port: the one it has, the one it wants, or the next free one. What
    it had before is kept until `settle`, so that a deploy that fails can go back to it."""
    held = HostPort.objects.filter(service=service, is_http=True, is_replaced=False).first()
    if held and wanted in {None, held.port}:
        if held.container_port != container_port:
            held.container_port = container_port
            held.save(update_fields=["container_port"])
        return held
    if wanted is not None:
        fresh = _take_http(service, container_port, wanted)
    else:
        fresh = _next_http(service, container_port)
    if held:
        held.is_replaced = True
        held.save(update_fields=["is_replaced"])
    return fresh


def claim_raw(
    service: Service, container_port: int, wanted: int, protocol: str, *, host_ip: str = ""
) -> HostPort:
    """A port that the engine publishes; it must be free on the host."""
    mine = HostPort.objects.filter(service=service, port=wanted, protocol=protocol).first()
    if mine:
        return mine
    if not is_free(wanted, protocol, host_ip=host_ip):
        raise in_use(wanted)
    return _insert(service, container_port, wanted, protocol=protocol, is_http=False)


def settle(service: Service, *, succeeded: bool) -> bool:
    """When an operation has ended: forget the port it gave up, or, where it failed, the one it
    asked for. Whether the router has something to learn."""
    mine = HostPort.objects.filter(service=service)
    if not succeeded:
        _release_untried(service, mine.filter(is_http=False))
    http = mine.filter(is_http=True)
    if not http.filter(is_replaced=True).exists():
        return False
    http.filter(is_replaced=succeeded).delete()
    http.update(is_replaced=False)
    return True


def _release_untried(service: Service, raw: QuerySet[HostPort]) -> None:
    """Raw ports that no release which ever came up has published: a rollback may need the rest."""
    came_up = service.rollouts.filter(outcome=Outcome.SUCCEEDED).values("to_release")
    tried = service.releases.filter(Q(pk__in=came_up) | Q(pk=service.wanted_release_id))
    used = {
        (port.host_port, port.protocol)
        for config in tried.values_list("config", flat=True)
        for port in ReleaseConfig.from_json(config).ports
    }
    for row in raw:
        if (row.port, row.protocol) not in used:
            row.delete()


def in_block(port: int) -> int | None:
    """The port, if the router listens there already; None otherwise."""
    return port if port in router().ports else None


def default_host_ip() -> str:
    return str(settings.KYOZO["HOST_IP"])


def release_ports(service: Service) -> None:
    HostPort.objects.filter(service=service).delete()


def release_forgotten() -> None:
    """Ports of services whose removal ended early, once nothing of them is left."""
    gone = HostPort.objects.filter(service__wanted_state=WantedState.REMOVED)
    gone.exclude(service__in=Instance.objects.alive().values("service")).delete()


def is_free(port: int, protocol: str = "tcp", *, host_ip: str = "") -> bool:
    """Whether a plain bind works; SO_REUSEPORT would hide a port that is taken."""
    address = host_ip or default_host_ip()
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    try:
        with closing(socket.socket(family, kind)) as probe:
            if protocol != "udp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return False
    return True


def is_local(host_ip: str) -> bool:
    """Whether a program of this machine can listen at the address at all."""
    return is_free(0, host_ip=host_ip)


def in_use(port: int) -> InvalidError:
    return InvalidError(
        f"port {port} is already in use",
        code="port.in_use",
        details={"port_mappings": [f"port {port} is already in use"]},
        fix="choose another host_port, or leave it out to get a free one",
    )


def _outside_block(port: int) -> InvalidError:
    """Routers of several nodes cannot be made to listen on one more port from here."""
    low, high = settings.KYOZO["HTTP_PORTS"]
    return InvalidError(
        f"port {port} is outside the router's block {low}-{high}",
        code="port.outside_block",
        details={"port_mappings": [f"host_port must be between {low} and {high}"]},
        fix="choose a port of the block, or set KYOZO_HTTP_PORTS and restart the router",
    )


def check_http(wanted: int) -> None:
    """Raises `InvalidError` when the router neither listens on the port nor could."""
    if wanted in router().ports:
        return
    if settings.KYOZO["MODE"] == "production":
        raise _outside_block(wanted)
    if not is_free(wanted):
        raise in_use(wanted)


def _take_http(service: Service, container_port: int, wanted: int) -> HostPort:
    if wanted not in router().ports:
        check_http(wanted)
        router().add_port(wanted)
    return _insert(service, container_port, wanted, protocol="tcp", is_http=True)


def _next_http(service: Service, container_port: int) -> HostPort:
    taken = set(HostPort.objects.filter(protocol="tcp").values_list("port", flat=True))
    for port in sorted(set(router().ports) - taken):
        try:
            return _insert(service, container_port, port, protocol="tcp", is_http=True)
        except InvalidError:
            continue  # another worker was faster
    low, high = settings.KYOZO["HTTP_PORTS"]
    raise InvalidError(
        f"all host ports of the block {low}-{high} are in use",
        code="port.none_left",
        fix="remove services, or set KYOZO_HTTP_PORTS to a larger block",
    )


def _insert(
    service: Service, container_port: int, port: int, *, protocol: str, is_http: bool
) -> HostPort:
    try:
        with transaction.atomic():
            return HostPort.objects.create(
                port=port,
                protocol=protocol,
                service=service,
                container_port=container_port,
                is_http=is_http,
            )
    except IntegrityError as exc:
        raise in_use(port) from exc
