"""Stop: take a service out of the router, let requests finish, end its instances. Volumes stay."""

import time

from django.db import transaction
from django.utils import timezone

from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.lifecycle.reconcile import reconcile
from services.models import Kind, Operation, Outcome, Phase, Service, WantedState


def stop(service: Service, *, actor: str) -> Operation | None:
    """None when it is stopped already; cancels what runs."""
    idle = not service.operations.open().exists()
    if idle and service.wanted_state in {WantedState.STOPPED, WantedState.NEW}:
        return None
    with transaction.atomic():
        operation = enqueue(service, Kind.STOP, actor=actor)
        Service.objects.filter(pk=service.pk).update(stopped_at=timezone.now())
    return operation


def drain_step(job: Job) -> None:
    """Nothing is wanted any more; pass until no instance is left."""
    with transaction.atomic():
        service = Service.objects.locked().get(pk=job.service.pk)
        job.claim.hold()
        service.rollouts.exclude(phase=Phase.DONE).update(phase=Phase.DONE, outcome=Outcome.FAILED)
        if not service.is_removed:
            never_ran = service.wanted_release is None
            service.wanted_state = WantedState.NEW if never_ran else WantedState.STOPPED
            service.save(update_fields=["wanted_state"])
    while True:
        this = reconcile(job.claim)
        if not this.sight.seen:
            return
        time.sleep(0.02 if this.acted else 0.1)


WORK = {"drain": drain_step}
