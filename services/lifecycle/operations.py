"""The queue: asking for an operation, cancelling one, and taking the next one to carry out.

Per service one operation runs and one may wait. Stop and remove cancel what runs and go next;
deploy takes the place of whatever waits and cancels a running deploy that has not switched;
everything else is refused while something is open.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from celery import current_app
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from kombu.exceptions import OperationalError

from services import audit
from services.errors import ConflictError, NotFoundError, ServiceBusyError
from services.lifecycle.claims import Claim, claim
from services.lifecycle.status import refresh_status
from services.models import (
    Kind,
    Operation,
    OperationState,
    OperationStep,
    Outcome,
    Phase,
    Queue,
    Rollout,
    Service,
)

log = logging.getLogger(__name__)

STEPS: dict[str, tuple[str, ...]] = {
    Kind.DEPLOY: ("analyse", "build", "start", "health", "route", "settle"),
    Kind.ROLLBACK: ("start", "health", "route", "settle"),
    Kind.RESTART: ("start", "health", "route", "settle"),
    Kind.START: ("start", "health"),
    Kind.SCALE: ("scale", "health"),
    Kind.STOP: ("drain",),
    Kind.REMOVE: ("drain", "remove"),
}
GOES_NEXT = (Kind.STOP, Kind.REMOVE)
BEFORE_SWITCH = (Phase.STARTING, Phase.GATING)
SWITCHED = (Phase.SWITCHED, Phase.SETTLING, Phase.DRAINING)


def enqueue(
    service: Service,
    kind: Kind,
    *,
    actor: str,
    params: dict[str, Any] | None = None,
    after: Iterable[uuid.UUID] = (),
) -> Operation:
    """Write the operation and its steps, in the caller's transaction or one of its own; wake a
    worker after commit. Raises `ServiceBusyError` where the rules above say so."""
    try:
        with transaction.atomic():
            fresh = Service.objects.locked().get(pk=service.pk)
            if fresh.is_removed:
                raise NotFoundError("Service not found")
            _make_room(service, kind)
            operation = Operation.objects.create(
                team_id=service.team_id,
                service=service,
                kind=kind,
                queue=Queue.BUILDS if kind == Kind.DEPLOY else Queue.LIFECYCLE,
                params=params or {},
                after=[str(pk) for pk in after],
                requested_by=actor,
            )
            OperationStep.objects.bulk_create(
                OperationStep(operation=operation, name=name, position=position)
                for position, name in enumerate(STEPS[kind])
            )
            audit.note(service, action=f"service.{kind}", after=params)
            refresh_status(service)
            transaction.on_commit(lambda: wake(Queue(operation.queue)))
    except IntegrityError as exc:
        raise busy(service) from exc
    return operation


def last_open(service: Service) -> Operation | None:
    """What was asked for last, of what has not ended: the one that waits, else the one that
    runs."""
    rows = {one.state: one for one in service.operations.open()}
    return rows.get(OperationState.QUEUED, rows.get(OperationState.RUNNING))


def replaced_by_deploy(service: Service) -> list[Operation]:
    """What a deploy asked for now would end in its own favour."""
    rows = service.operations.open().filter(cancel_requested_at=None)
    return [one for one in rows if one.state == OperationState.QUEUED or _gives_way(one)]


def _make_room(service: Service, kind: Kind) -> None:
    _replace_queued(service, kind)
    # Read after it: a worker may have begun the queued one in between.
    running = service.operations.filter(state=OperationState.RUNNING).first()
    if running is None:
        return
    if kind in GOES_NEXT:
        if running.kind not in GOES_NEXT:
            _ask_to_cancel(running, kind)
    elif kind != Kind.DEPLOY:
        raise busy(service)
    elif _gives_way(running):
        _ask_to_cancel(running, "superseded")


def _gives_way(running: Operation) -> bool:
    return running.kind == Kind.DEPLOY and can_cancel(running)


def _replace_queued(service: Service, kind: Kind) -> None:
    queued = service.operations.filter(state=OperationState.QUEUED).first()
    if queued is None:
        return
    if kind in GOES_NEXT:
        _end_queued(queued, OperationState.CANCELLED)
    elif kind == Kind.DEPLOY:
        _end_queued(queued, OperationState.SUPERSEDED)
    else:
        raise busy(service)


def busy(service: Service) -> ServiceBusyError:
    current = service.operations.open().order_by("-state").first()
    what = f"{current.kind} is {current.state}" if current else "another operation was faster"
    return ServiceBusyError(
        f"{service.name}: {what}",
        fix="wait for it or cancel it; stop, delete and deploy are accepted meanwhile",
        params={
            "operation_id": str(current.id) if current else None,
            "allowed": ["stop", "delete", "deploy", "cancel"],
        },
    )


def _end_queued(operation: Operation, state: OperationState) -> None:
    Operation.objects.filter(pk=operation.pk, state=OperationState.QUEUED).update(
        state=state, ended_at=timezone.now()
    )


def _ask_to_cancel(operation: Operation, reason: str) -> None:
    Operation.objects.filter(pk=operation.pk, cancel_requested_at=None).update(
        cancel_requested_at=timezone.now(), cancel_reason=str(reason)
    )


def can_cancel(operation: Operation) -> bool:
    """Until the switch; after it the new release serves and only a rollback goes back."""
    rollouts = Rollout.objects.filter(service_id=operation.service_id)
    is_done = Q(pk=operation.result.get("rollout_id"), outcome=Outcome.SUCCEEDED)
    return not rollouts.filter(Q(phase__in=SWITCHED) | is_done).exists()


def cancel(operation: Operation, *, actor: str) -> Operation:
    """Stop it where that is still possible; a queued one ends at once. Twice is harmless."""
    if operation.is_open and operation.kind in GOES_NEXT:
        raise ConflictError(
            f"a {operation.kind} cannot be cancelled", code="operation.not_cancellable"
        )
    with transaction.atomic():
        operation.refresh_from_db()
        _cancel_fresh(operation, actor)
        audit.note(operation, action="operation.cancel")
    operation.refresh_from_db()
    if operation.state == OperationState.CANCELLED:
        refresh_status(operation.service)
    return operation


def _cancel_fresh(operation: Operation, actor: str) -> None:
    if operation.state == OperationState.QUEUED:
        _end_queued(operation, OperationState.CANCELLED)
    elif operation.state == OperationState.RUNNING:
        if not can_cancel(operation):
            raise ConflictError(
                "the new release serves already",
                code="operation.too_late",
                fix="use rollback to go back to the release before",
            )
        _ask_to_cancel(operation, f"cancelled by {actor}"[:20])


def wake(queue: Queue, *, expires_s: float | None = None) -> None:
    """Tell a worker to look now. Losing this costs two seconds, nothing else."""
    task = f"services.lifecycle.tasks.run_{queue}"
    try:
        current_app.send_task(task, queue=queue, retry=False, expires=expires_s)
    except OperationalError as exc:
        log.warning("the broker did not take a wake-up: %s", exc)


def wake_all(*, expires_s: float) -> None:
    """For the clock: where something is open its wake-up may have been lost, or its worker."""
    for queue in set(Operation.objects.open().values_list("queue", flat=True)):
        wake(Queue(queue), expires_s=expires_s)


def wake_waiting(service_id: uuid.UUID) -> None:
    """After a claim that was no operation's: one that was turned away meanwhile goes on at once."""
    for operation in Operation.objects.open().filter(service_id=service_id):
        wake(Queue(operation.queue))


@dataclass(frozen=True, slots=True)
class Taken:
    operation: Operation
    claim: Claim


def take(queue: Queue) -> Taken | None:
    """Claim the oldest operation of a queue that may run now; None when there is none."""
    for operation in _candidates(queue):
        if (mine := claim(operation.service_id)) is None:
            continue
        begun = False
        try:
            begun = _begin(operation, queue)
        finally:
            if not begun:  # the heartbeat would keep it from everybody else
                mine.release()
        if begun:
            return Taken(operation=operation, claim=mine)
    return None


def _candidates(queue: Queue) -> list[Operation]:
    """Those that run but whose worker is gone or has handed them over; then the waiting ones."""
    unclaimed = Q(service__lease_until=None) | Q(service__lease_until__lt=Now())
    rows = Operation.objects.open().filter(unclaimed).select_related("service", "team")
    mine = [row for row in rows if row.queue == queue]
    busy = {row.service_id for row in rows if row.state == OperationState.RUNNING}
    begun = [row for row in mine if row.state == OperationState.RUNNING and is_due(row)]
    waiting = [row for row in mine if row.state == OperationState.QUEUED]
    return [*begun, *_in_turn([row for row in waiting if row.service_id not in busy])]


def _in_turn(waiting: list[Operation]) -> list[Operation]:
    """The teams take turns, the one that has the least running first; within a team the oldest is
    next. So a team with a hundred folders keeps nobody else waiting."""
    if len(waiting) <= 1:
        return waiting
    running = Operation.objects.filter(state=OperationState.RUNNING)
    ahead = Counter(running.values_list("team_id", "queue"))
    turns = []
    for row in waiting:
        turns.append((ahead[row.team_id, row.queue], row))
        ahead[row.team_id, row.queue] += 1
    return [row for _, row in sorted(turns, key=itemgetter(0))]


def has_worker(service_id: uuid.UUID) -> bool:
    """Whether an operation of the service is carried out, or will be within moments. One that waits
    for its turn or for others leaves the service to the sweep."""
    running = Operation.objects.filter(service_id=service_id, state=OperationState.RUNNING)
    return any(is_due(operation) for operation in running)


def is_next(service_id: uuid.UUID) -> bool:
    """Whether an operation could be carried out as soon as the claim is free; one that waits for a
    place to build may do so for long."""
    rows = Operation.objects.open().filter(service_id=service_id)
    return any(map(is_due, rows.exclude(state=OperationState.QUEUED, queue=Queue.BUILDS)))


def is_due(operation: Operation) -> bool:
    """Past its build an operation waits for those it depends on; while cancelled it must end."""
    if operation.queue == Queue.BUILDS or operation.cancel_requested_at or not operation.after:
        return True
    return not any(one.is_open for one in dependencies(operation))


def dependencies(operation: Operation) -> list[Operation]:
    """What it waits for; in the place of a deploy that was replaced, the one that replaced it."""
    found = Operation.objects.filter(pk__in=operation.after).select_related("service")
    return [_newest_in_place_of(one) for one in found]


def _newest_in_place_of(operation: Operation) -> Operation:
    while operation.state == OperationState.SUPERSEDED:
        later = Operation.objects.filter(
            service=operation.service_id, kind=Kind.DEPLOY, created_at__gt=operation.created_at
        )
        successor = later.select_related("service").order_by("created_at").first()
        if successor is None:
            return operation
        operation = successor
    return operation


def _begin(operation: Operation, queue: Queue) -> bool:
    """Under the claim: is it still to be done? Then it runs, for the first time or again."""
    rows = Operation.objects.open().filter(pk=operation.pk, queue=queue)
    try:
        with transaction.atomic():
            begun = rows.update(
                state=OperationState.RUNNING,
                attempts=F("attempts") + 1,
                unended=F("unended") + 1,
                started_at=Coalesce("started_at", timezone.now()),
            )
            if not begun:
                return False
    except IntegrityError:  # another operation of this service runs
        return False
    operation.refresh_from_db()
    return True
