"""Start: run the release that was last wanted again."""

import time

from django.db import transaction

from services.errors import ConflictError
from services.lifecycle import describe
from services.lifecycle.deploy import deploy
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.lifecycle.reconcile import reconcile
from services.lifecycle.rollouts import failed
from services.models import Kind, Operation, Service, WantedState


def start(service: Service, *, actor: str) -> Operation | None:
    """None when it runs already; a service that never ran gets its first deploy."""
    if service.is_removed:
        raise ConflictError(f"{service.name} is being removed")
    if service.wanted_release is None:
        return deploy(service, actor=actor)
    if service.wanted_state == WantedState.RUNNING and not service.operations.open().exists():
        return None
    with transaction.atomic():
        operation = enqueue(service, Kind.START, actor=actor)
        Service.objects.filter(pk=service.pk).update(wanted_state=WantedState.RUNNING)
    return operation


def start_step(job: Job) -> None:
    reconcile(job.claim)


def health_step(job: Job) -> None:
    """Until as many instances serve as are wanted; a failure leaves it wanted, and trying."""
    began = time.monotonic()
    while True:
        job.check_cancelled()
        this = reconcile(job.claim)
        serving = sum(seen.can_serve for seen in this.sight.seen)
        if not (this.acted or this.is_resting) and serving >= this.service.wanted_replicas:
            return
        if job.is_overdue():
            waiting = (row for row in this.sight.rows.values() if not row.is_gated)
            row = next(waiting, None)
            raise failed(describe.gate_timeout(row, waited_s=time.monotonic() - began))
        time.sleep(0.05 if this.acted else 0.1)


WORK = {"start": start_step, "health": health_step}
