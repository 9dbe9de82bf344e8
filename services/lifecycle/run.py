"""Carrying operations out: take one, do its steps from where they stand, end it, take the next."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from services import events
from services.errors import CancelledError, DeployError, FenceLostError, KyozoError
from services.lifecycle import (
    deploy,
    freed_ports,
    remove,
    restart,
    rollback,
    rollouts,
    scale,
    start,
    stop,
)
from services.lifecycle.claims import fenced
from services.lifecycle.job import Job, fail_steps
from services.lifecycle.operations import STEPS, Taken, take, wake
from services.lifecycle.places import CLOSING, PLACES
from services.lifecycle.routes import publish_routes, republish
from services.lifecycle.status import refresh_status
from services.models import Kind, Operation, OperationState, Queue, Service

log = logging.getLogger(__name__)

Work = Callable[[Job], None]
WORK: Mapping[str, Mapping[str, Work]] = {
    Kind.DEPLOY: deploy.WORK,
    Kind.ROLLBACK: rollback.WORK,
    Kind.RESTART: restart.WORK,
    Kind.START: start.WORK,
    Kind.SCALE: scale.WORK,
    Kind.STOP: stop.WORK,
    Kind.REMOVE: remove.WORK,
}
IN_BUILDS = ("analyse", "build")
MOST_ATTEMPTS = 20
# Of workers in a row that were killed in one and the same step: by what they did, most likely.
MOST_UNENDED = 8


@dataclass(frozen=True, slots=True)
class Words:
    """The event types an operation of one kind begins and ends with."""

    started: str
    completed: str


WORDS = {
    Kind.SCALE: Words("scaling_started", "scaling_completed"),
    Kind.DEPLOY: Words("deployment_started", "deployment_completed"),
    Kind.ROLLBACK: Words("deployment_started", "deployment_completed"),
}


def run_next(queue: Queue) -> int:
    """Carry out what may run now, until nothing is left; how many were taken."""
    with PLACES[queue]() as is_free:
        return _drain(queue) if is_free else 0


def _drain(queue: Queue) -> int:
    done = 0
    while not CLOSING.is_set() and (taken := take(queue)) is not None:
        try:
            carry_out(taken)
        finally:
            taken.claim.release()
        done += 1
        # What waited for this one may sit in either queue.
        wake(Queue.LIFECYCLE)
    return done


def carry_out(taken: Taken) -> None:
    """All steps of one queue, then the end or the hand-over to the other queue."""
    operation = taken.operation
    job = Job(operation=operation, claim=taken.claim)
    try:
        _check_unended(operation)
        _announce_start(operation)
        if _do_steps(job):
            _succeed(job)
    except FenceLostError:
        log.warning("%s: taken over by another worker", operation)
    except CancelledError:
        _give_up(job)
    except KyozoError as exc:
        _end(job, OperationState.FAILED, error_of(operation, exc))
    except DatabaseError as exc:
        # Its end could not be written either: it stays `running` and is taken up again.
        if operation.attempts >= MOST_ATTEMPTS:
            raise
        log.warning("%s: the database failed, trying again: %s", operation, exc)
        with suppress(DatabaseError):
            Operation.objects.filter(pk=operation.pk).update(unended=0)
    except Exception:
        log.exception("%s failed by a defect", operation)
        _end(job, OperationState.FAILED, _defect(operation))


def _check_unended(operation: Operation) -> None:
    """What kills its worker would otherwise be next in line again, before all others, for ever."""
    if operation.unended > MOST_UNENDED:
        raise DeployError(
            f"{MOST_UNENDED} workers in a row ended while they carried this out",
            code="operation.unended",
            fix="see in the platform's log what ended them, memory most likely; then ask again",
        )


def _do_steps(job: Job) -> bool:
    """Whether all steps are done; False when the rest belongs to the other queue."""
    operation = job.operation
    work = WORK[operation.kind]
    if operation.queue == Queue.LIFECYCLE:
        # A worker that died may have written routes without telling the router.
        job.wait_out(lambda _: publish_routes(job.service), limit_s=limit_s(job, ""))
    for name in STEPS[operation.kind]:
        if operation.queue == Queue.BUILDS and name not in IN_BUILDS:
            if not job.memo.get("is_unchanged"):
                _hand_over(job)
                return False
            continue
        job.run_step(name, work[name], limit_s=limit_s(job, name))
    return True


def limit_s(job: Job, step: str) -> float:
    """The deadline of a step, in seconds."""
    config = settings.KYOZO
    gate = rollouts.gate_limit_s(job)
    limits = {
        "analyse": config["ANALYSE_S"],
        "build": config["BUILD_S"],
        "start": config["GATE_MAX_S"],
        "health": gate,
        "scale": config["GATE_MAX_S"],
        "settle": config["SETTLE_S"] + config["DRAIN_S"] + 60,
        "drain": config["DRAIN_S"] + config["STOP_GRACE_S"] + 60,
    }
    return float(limits.get(step, 60))


def _hand_over(job: Job) -> None:
    """Give the rest to the lifecycle workers; the operation stays `running` meanwhile."""
    with fenced(job.claim):
        Operation.objects.filter(pk=job.operation.pk).update(queue=Queue.LIFECYCLE, unended=0)
    job.claim.release()
    wake(Queue.LIFECYCLE)


def _announce_start(operation: Operation) -> None:
    words = WORDS.get(Kind(operation.kind))
    if words and not operation.step:
        events.publish(
            operation.service,
            event_type=words.started,
            data={"operation_id": str(operation.id)},
            triggered_by=operation.requested_by,
        )


def _succeed(job: Job) -> None:
    result = WORK_ENDS.get(Kind(job.operation.kind), _nothing)(job)
    job.remember(**result)
    _end(job, OperationState.SUCCEEDED, {})


def _give_up(job: Job) -> None:
    """It was asked to end, by somebody or by a newer deploy."""
    state, message = OperationState.CANCELLED, "cancelled"
    if operation_reason(job.operation) == "superseded":
        state, message = OperationState.SUPERSEDED, "superseded by a newer deploy"
    _end(job, state, {"code": CancelledError.code, "message": message})


def _nothing(job: Job) -> dict[str, Any]:
    return {}


WORK_ENDS: dict[Kind, Callable[[Job], dict[str, Any]]] = {
    Kind.DEPLOY: deploy.finish,
    Kind.ROLLBACK: rollback.finish,
    Kind.RESTART: restart.finish,
}


def operation_reason(operation: Operation) -> str:
    rows = Operation.objects.filter(pk=operation.pk)
    return str(rows.values_list("cancel_reason", flat=True).get())


def error_of(operation: Operation, exc: KyozoError) -> dict[str, Any]:
    """What the operation's row keeps of an error: for people, for programs, and the details."""
    return {
        **exc.params,
        "code": exc.error_code,
        "message": exc.message,
        "fix": exc.fix,
        "stage": exc.params.get("stage", operation.step),
        "details": exc.details,
    }


def _defect(operation: Operation) -> dict[str, Any]:
    return {
        "code": "internal_error",
        "message": "an error of Kyozo itself",
        "stage": operation.step,
        "fix": "the platform's log has the details; please report it",
    }


def _end(job: Job, state: OperationState, error: dict[str, Any]) -> None:
    """Write the end and its event in one transaction, unless another worker has the service now."""
    operation = job.operation
    now = timezone.now()
    with transaction.atomic():
        held = Service.objects.locked().filter(pk=operation.service_id, fence=job.claim.token)
        rows = Operation.objects.filter(pk=operation.pk, state=OperationState.RUNNING)
        if not held.exists() or not rows.update(state=state, error=error, ended_at=now):
            return
        fail_steps(operation, state)
        if state != OperationState.SUCCEEDED:
            rollouts.give_up(operation.service)
        succeeded = state == OperationState.SUCCEEDED
        is_moved = freed_ports.settle(held.get(), succeeded=succeeded)
        if text := deployment_status(operation, state, error):
            held.update(deployment_status=text)
        _publish_end(operation, state, error)
        # Nobody may see it ended and the service still at work.
        refresh_status(operation.service)
    operation.refresh_from_db()
    if is_moved:
        _tell_router()
    job.tell()


def _tell_router() -> None:
    """Of host ports that changed hands; the sweep does it again."""
    try:
        republish()
    except KyozoError as exc:
        log.warning("the router will hear of a changed port later: %s", exc.message)


def deployment_status(operation: Operation, state: str, error: dict[str, Any]) -> str:
    if operation.kind not in {Kind.DEPLOY, Kind.ROLLBACK}:
        return ""
    if state == OperationState.SUCCEEDED:
        return "Deployment successful"
    if state == OperationState.FAILED:
        return f"Deployment failed: {error.get('message', '')}"
    return f"Deployment {state}"


def _publish_end(operation: Operation, state: str, error: dict[str, Any]) -> None:
    words = WORDS.get(Kind(operation.kind))
    succeeded = state == OperationState.SUCCEEDED
    if succeeded and words is None:
        return
    event_type = words.completed if words and succeeded else "deployment_failed"
    began = operation.started_at or operation.created_at
    events.publish(
        operation.service,
        event_type=event_type,
        data={"operation_id": str(operation.id), "kind": operation.kind, "outcome": state},
        error=error or None,
        duration_ms=int((timezone.now() - began).total_seconds() * 1000),
        triggered_by=operation.requested_by,
    )
