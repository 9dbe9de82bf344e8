"""Which host ports may be asked for: told when somebody asks, not when a deploy fails of it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.conf import settings

from services.errors import InvalidError
from services.lifecycle import platform_ports, ports
from services.lifecycle.complaints import WRONG, check_all
from services.lifecycle.engine import router
from services.models import HostPort, Service, WantedState

Mappings = Mapping[str, Mapping[str, Any]]
FIRST_FREE_TO_ALL = 1024


def check(mappings: Mappings, *, http_port: int | None, owner: Service | None = None) -> None:
    """Raises `InvalidError` for a wish that cannot come true; what the owner has it may keep."""
    check_all(
        partial(_check_one, text, mapping, is_http=int(text) == http_port, owner=owner)
        for text, mapping in mappings.items()
    )


def _check_one(
    text: str, mapping: Mapping[str, Any], *, is_http: bool, owner: Service | None
) -> None:
    wanted, protocol = mapping.get("host_port"), mapping.get("protocol", "tcp")
    host_ip = mapping.get("host_ip", ports.default_host_ip())
    if is_http:
        _check_http(text, protocol, host_ip)
    _check_allowed(wanted, host_ip)
    if not ports.is_local(host_ip):
        raise _refused(f"{text}: host_ip: {host_ip} is no address of this machine")
    if wanted is None or _is_own(owner, wanted, protocol):
        return
    _check_free(wanted, protocol, host_ip, is_http=is_http)
    if _is_anothers(owner, wanted, protocol):
        raise ports.in_use(wanted)


def _check_http(text: str, protocol: str, host_ip: str) -> None:
    """The router listens there, in one way for all services."""
    if protocol != "tcp":
        raise _refused(f"{text}: protocol: the service speaks HTTP on this port, which is tcp")
    if host_ip != ports.default_host_ip():
        raise _refused(f"{text}: host_ip: KYOZO_HOST_IP says where HTTP ports listen")


def _check_allowed(wanted: int | None, host_ip: str) -> None:
    platform_ports.check_host_ip(host_ip)
    if wanted is not None:
        platform_ports.check_port(wanted)


def _check_free(wanted: int, protocol: str, host_ip: str, *, is_http: bool) -> None:
    low, high = settings.KYOZO["HTTP_PORTS"]
    if wanted < FIRST_FREE_TO_ALL and not low <= wanted <= high:
        raise _privileged(wanted)
    if is_http:
        ports.check_http(wanted)
    elif (protocol == "tcp" and wanted in router().ports) or not ports.is_free(
        wanted, protocol, host_ip=host_ip
    ):
        raise ports.in_use(wanted)


def _is_own(owner: Service | None, port: int, protocol: str) -> bool:
    mine = HostPort.objects.filter(service=owner, port=port, protocol=protocol)
    return owner is not None and mine.exists()


def _is_anothers(owner: Service | None, port: int, protocol: str) -> bool:
    """Given to it, or asked for in a setting that its next deploy will use."""
    if HostPort.objects.filter(port=port, protocol=protocol).exists():
        return True
    others = Service.objects.exclude(wanted_state=WantedState.REMOVED).exclude(port_mappings={})
    if owner is not None:
        others = others.exclude(pk=owner.pk)
    return any(
        (mapping.get("host_port"), mapping.get("protocol", "tcp")) == (port, protocol)
        for mappings in others.values_list("port_mappings", flat=True)
        for mapping in mappings.values()
    )


def _privileged(port: int) -> InvalidError:
    low, high = settings.KYOZO["HTTP_PORTS"]
    complaint = (
        f"host_port must be {FIRST_FREE_TO_ALL} or above; the router's block is {low}-{high}"
    )
    return InvalidError(
        f"port {port} is kept for the machine's own programs",
        code="port.privileged",
        details={"port_mappings": [complaint]},
        fix=f"choose a port of {low}-{high}, or set KYOZO_HTTP_PORTS to a block that has {port}",
    )


def _refused(complaint: str) -> InvalidError:
    return InvalidError(WRONG, details={"port_mappings": [complaint]})
