"""Restart: new instances of the wanted release beside the old ones; pending changes are applied."""

from collections.abc import Callable
from functools import partial
from typing import Any

from services.errors import ConflictError
from services.lifecycle import plan, releases, rollouts
from services.lifecycle.job import Job
from services.lifecycle.operations import enqueue
from services.models import Kind, Operation, Release, Service, WantedState


def restart(service: Service, *, actor: str) -> Operation:
    if service.wanted_release is None or service.wanted_state != WantedState.RUNNING:
        raise ConflictError(
            f"{service.name} does not run",
            code="service.wrong_state",
            fix="use start, or deploy it first",
        )
    return enqueue(service, Kind.RESTART, actor=actor)


def start_step(job: Job) -> None:
    """Once per operation: a new release only where something changed, else the same one again."""
    rollouts.begin(job, _prepare)
    rollouts.start_step(job)


def _prepare(job: Job) -> Callable[[], Release]:
    service = job.service
    current = service.wanted_release
    if current is None:
        raise ConflictError(f"{service.name} has no release", code="service.wrong_state")
    if not service.has_pending_changes:
        return lambda: current
    analysis = plan.analyse_folder(service.workspace, service.detected_in, service.overrides)
    changed = releases.draft(
        service,
        plan.find(analysis, service),
        image_ref=current.image_ref,
        digest=current.image_digest,
    )
    if changed.fingerprint == current.fingerprint:
        return lambda: current
    actor = job.operation.requested_by
    return partial(releases.write, service, changed, actor=actor, build=current.build)


def finish(job: Job) -> dict[str, Any]:
    rollouts.nothing_pending(job)
    return rollouts.finish(job)


WORK = {
    "start": start_step,
    "health": rollouts.health_step,
    "route": rollouts.route_step,
    "settle": rollouts.settle_step,
}
