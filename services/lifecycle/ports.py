"""Host ports: given to services, owned by a row, so that two services never get the same one.

HTTP ports belong to the router and come from its reserved block. Other ports are published by the
engine from the instance itself.
"""

import socket
from contextlib import closing

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q

from services.errors import InvalidError, RouterError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router
from services.models import HostPort, Instance, Release, Service, WantedState


def claim_http(service: Service, container_port: int, wanted: int | None) -> HostPort:
    """The service's HTTP host port: the one it has, the one it wants, or the next free one."""
    held = HostPort.objects.filter(service=service, is_http=True).first()
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
        held.delete()
    return fresh


def claim_raw(service: Service, container_port: int, wanted: int, protocol: str) -> HostPort:
    """A port that the engine publishes; it must be free on the host."""
    mine = HostPort.objects.filter(service=service, port=wanted, protocol=protocol).first()
    if mine:
        return mine
    if not is_free(wanted, protocol):
        raise in_use(wanted)
    return _insert(service, container_port, wanted, protocol=protocol, is_http=False)


def in_block(port: int) -> int | None:
    """The port, if the router listens there already; None otherwise."""
    return port if port in router().ports else None


def default_host_ip() -> str:
    return str(settings.KYOZO["HOST_IP"])


def release_ports(service: Service) -> None:
    HostPort.objects.filter(service=service).delete()


def release_unmapped() -> None:
    """Ports of mappings that were taken out: free once no release or instance needs them either."""
    portless = Q(is_http=True, service__wanted_release__config__http_port=None)
    rows = HostPort.objects.filter(Q(is_http=False) | portless)
    for row in rows.exclude(service__wanted_release=None).select_related("service"):
        if not _is_needed(row):
            _release_idle(row)


def _release_idle(row: HostPort) -> None:
    """An operation may be about to use it: whoever asks for one takes the same lock."""
    with transaction.atomic():
        service = Service.objects.select_for_update().get(pk=row.service_id)
        if not service.operations.open().exists():
            row.delete()


def _is_needed(row: HostPort) -> bool:
    service = row.service
    current = Q(pk=service.wanted_release_id) | Q(instances__in=service.instances.alive())
    configs = [ReleaseConfig.from_json(r.config) for r in Release.objects.filter(current)]
    if row.is_http:
        return any(config.http_port for config in configs)
    published = {(p.host_port, p.protocol) for config in configs for p in config.ports}
    asked = service.port_mappings.get(str(row.container_port), {}).get("host_port")
    return (row.port, row.protocol) in published or asked == row.port


def close_unused() -> None:
    """The router need not listen outside its block for nobody."""
    router().close_ports(lambda: set(HostPort.objects.values_list("port", flat=True)))


def release_forgotten() -> None:
    """Ports of services whose removal ended early, once nothing of them is left."""
    gone = HostPort.objects.filter(service__wanted_state=WantedState.REMOVED)
    gone.exclude(service__in=Instance.objects.alive().values("service")).delete()


def is_free(port: int, protocol: str = "tcp") -> bool:
    """Whether a plain bind works; SO_REUSEPORT would hide a port that is taken."""
    kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
    with closing(socket.socket(socket.AF_INET, kind)) as probe:
        if protocol != "udp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.KYOZO["HOST_IP"], port))
        except OSError:
            return False
    return True


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


def _take_http(service: Service, container_port: int, wanted: int) -> HostPort:
    if wanted not in router().ports:
        if settings.KYOZO["MODE"] == "production":
            raise _outside_block(wanted)
        if not is_free(wanted):
            raise in_use(wanted)
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
