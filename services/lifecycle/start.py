"""Start: run the release that was last wanted again."""

import time

from django.db import transaction

from services.errors import ConflictError
from services.lifecycle import describe
from services.lifecycle.deploy import deploy
from services.lifecycle.job import Job
from services.lifecycle.operations import GOES_NEXT, busy, enqueue, last_open
from services.lifecycle.reconcile import reconcile
from services.lifecycle.rollouts import failed
from services.models import Kind, Operation, Service, WantedState


def start(service: Service, *, actor: str) -> Operation | None:
    """None when it runs already or is about to; a service that never ran gets its first deploy."""
    with transaction.atomic():
        fresh = Service.objects.locked().get(pk=service.pk)
        if fresh.is_removed:
            raise ConflictError(f"{service.name} is being removed", code="service.wrong_state")
        last = last_open(fresh)
        if _will_run(fresh, last):
            return None
        if last is not None and last.kind == Kind.STOP:
            raise busy(fresh)
        if fresh.wanted_release is None:
            return deploy(fresh, actor=actor)
        operation = enqueue(fresh, Kind.START, actor=actor)
        Service.objects.filter(pk=service.pk).update(wanted_state=WantedState.RUNNING)
    return operation


def _will_run(service: Service, last: Operation | None) -> bool:
    """Without a start, by what is wanted and what was asked for last."""
    is_wanted = service.wanted_state == WantedState.RUNNING
    if last is None:
        return is_wanted and service.wanted_release is not None
    if last.kind in GOES_NEXT or last.cancel_requested_at:
        return False
    return is_wanted or (last.kind == Kind.DEPLOY and service.wanted_release is None)


def start_step(job: Job) -> None:
    reconcile(job.claim)


def health_step(job: Job) -> None:
    """Until as many instances serve as are wanted; a failure leaves it wanted, and trying."""
    began = time.monotonic()
    while True:
        job.check_cancelled()
        this = reconcile(job.claim)
        serving = sum(seen.can_serve for seen in this.sight.seen)
        if not (this.acted or this.sight.is_resting) and serving >= this.service.wanted_replicas:
            return
        if job.is_overdue():
            waiting = (row for row in this.sight.rows.values() if not row.is_gated)
            row = next(waiting, None)
            raise failed(describe.gate_timeout(row, waited_s=time.monotonic() - began))
        time.sleep(0.05 if this.acted else 0.1)


WORK = {"start": start_step, "health": health_step}
