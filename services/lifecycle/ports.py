"""Host ports: given to services, owned by a row, so that two services never get the same one.

HTTP ports belong to the router and come from its reserved block. Other ports are published by the
engine from the instance itself.
"""

import socket
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from services.errors import InvalidError, RouterError
from services.lifecycle import platform_ports
from services.lifecycle.engine import desk, router
from services.models import HostPort, Service
from services.runtimes.base import PublishedPort

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
    it had before is kept until the deploy ended, so that a deploy that fails can go back to it."""
    held = HostPort.objects.filter(service=service, is_http=True, is_replaced=False).first()
    if held and wanted in {None, held.port}:
        if held.port not in _block():
            router().add_port(held.port)  # harmless where it is open still
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
    platform_ports.check_port(wanted)
    platform_ports.check_host_ip(host_ip)
    mine = HostPort.objects.filter(service=service, port=wanted, protocol=protocol).first()
    if mine:
        return mine
    if not is_free(wanted, protocol, host_ip=host_ip):
        raise in_use(wanted)
    return _insert(service, container_port, wanted, protocol=protocol, is_http=False)


def in_block(port: int) -> int | None:
    """The port, if the router listens there already; None otherwise."""
    return port if port in router().ports else None


def default_host_ip() -> str:
    return str(settings.KYOZO["HOST_IP"])


def at_addresses(published: Iterable[PublishedPort]) -> tuple[PublishedPort, ...]:
    """A release says nothing ("") where nobody named an address: it follows `KYOZO_HOST_IP`."""
    return tuple(replace(port, host_ip=port.host_ip or default_host_ip()) for port in published)


def is_free(port: int, protocol: str = "tcp", *, host_ip: str = "") -> bool:
    """Whether a plain bind works; SO_REUSEPORT would hide a port that is taken."""
    address = host_ip or default_host_ip()
    if (asked := desk()) is not None:
        return bool(asked.ask("is_free", port=port, protocol=protocol, host_ip=address))
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
    platform_ports.check_port(wanted)
    if wanted not in router().ports:
        check_http(wanted)
    row = _insert(service, container_port, wanted, protocol="tcp", is_http=True)
    if wanted not in _block() or wanted not in router().ports:
        _open(row)
    return row


def _open(row: HostPort) -> None:
    """The row comes first: the sweep closes what no row has."""
    try:
        router().add_port(row.port)
    except RouterError:
        row.delete()
        raise


def _block() -> range:
    low, high = settings.KYOZO["HTTP_PORTS"]
    return range(low, high + 1)


def _next_http(service: Service, container_port: int) -> HostPort:
    taken = set(HostPort.objects.filter(protocol="tcp").values_list("port", flat=True))
    taken |= platform_ports.own_ports()
    for port in sorted(set(router().ports) & set(_block()) - taken):
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
