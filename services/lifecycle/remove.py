"""Remove: the service is gone for everyone at once; its instances follow. Volumes are kept."""

from django.db import transaction

from services.lifecycle.freed_ports import release_ports
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.lifecycle.routes import publish_routes
from services.lifecycle.stop import drain_step
from services.models import Kind, Operation, Service, WantedState


def remove(service: Service, *, actor: str) -> Operation:
    """From the commit on its id is not found and its name is free."""
    with transaction.atomic():
        operation = enqueue(service, Kind.REMOVE, actor=actor)
        Service.objects.filter(pk=service.pk).update(wanted_state=WantedState.REMOVED)
    return operation


def remove_step(job: Job) -> None:
    release_ports(job.service)
    publish_routes(job.service)


WORK = {"drain": drain_step, "remove": remove_step}
