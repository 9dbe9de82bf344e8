"""Remove: the service is gone for everyone at once; its instances follow. Volumes are kept, unless
a person says that they shall go, too."""

from django.conf import settings
from django.db import transaction

from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.lifecycle.freed_ports import release_ports
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.lifecycle.routes import publish_routes
from services.lifecycle.spec import volume_name
from services.lifecycle.stop import drain_step
from services.models import Kind, Operation, Service, WantedState


def remove(service: Service, *, actor: str, volumes: bool = False) -> Operation:
    """From the commit on its id is not found and its name is free."""
    with transaction.atomic():
        operation = enqueue(service, Kind.REMOVE, actor=actor, params={"volumes": volumes})
        Service.objects.filter(pk=service.pk).update(wanted_state=WantedState.REMOVED)
    return operation


def remove_step(job: Job) -> None:
    release_ports(job.service)
    publish_routes(job.service)
    if job.operation.params.get("volumes"):
        _remove_volumes(job)


def _remove_volumes(job: Job) -> None:
    """Those that no other service of the workspace mounts, in any release that it has."""
    service = job.service
    others = Service.objects.visible_to(service.team).filter(workspace=service.workspace)
    shared = set().union(*map(_volumes, others))
    for source in sorted(_volumes(service) - shared):
        runtime().remove_volume(
            volume_name(source, service), install=settings.KYOZO["INSTALL"], fence=job.claim
        )


def _volumes(service: Service) -> set[str]:
    configs = (ReleaseConfig.from_json(release.config) for release in service.releases.all())
    return {m.source for config in configs for m in config.mounts if m.type == "volume"}


WORK = {"drain": drain_step, "remove": remove_step}
