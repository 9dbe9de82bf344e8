"""Host ports are given back: by the operation that ended, by a removal, and by the sweep."""

from django.db import transaction
from django.db.models import Q, QuerySet

from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router
from services.models import HostPort, Instance, Outcome, Release, Service, WantedState


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
        service = Service.objects.locked().get(pk=row.service_id)
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
