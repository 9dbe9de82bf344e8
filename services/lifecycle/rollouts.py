"""Beginning a rollout and following it by phase: the steps of deploy, restart and rollback."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from services.errors import CancelledError, DeployError
from services.lifecycle import describe
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.job import Job
from services.lifecycle.reconcile import Pass, move, reconcile
from services.models import (
    Instance,
    Outcome,
    Phase,
    Release,
    Rollout,
    Service,
    WantedState,
)
from services.probes.plan import plan_from

ORDER = (
    Phase.STARTING,
    Phase.GATING,
    Phase.SWITCHED,
    Phase.SETTLING,
    Phase.DRAINING,
    Phase.DONE,
)
PAUSE_S = {Phase.SETTLING: 0.2, Phase.DRAINING: 0.1}


def begin(job: Job, make_release: Callable[[Job], Release]) -> None:
    """Write the release, what is wanted from now on and the rollout to it: all at once, and once
    per operation."""
    if "rollout_id" in job.operation.result:
        return
    job.claim.check()
    with transaction.atomic():
        release = make_release(job)
        service = Service.objects.select_for_update().get(pk=job.service.pk)
        _end_forgotten(service)
        was_running = service.wanted_state == WantedState.RUNNING
        rollout = Rollout.objects.create(
            service=service,
            strategy=ReleaseConfig.from_json(release.config).strategy,
            from_release=service.wanted_release,
            from_generation=service.generation if was_running else None,
            from_state=service.wanted_state,
            to_release=release,
            to_generation=_next_generation(service),
        )
        service.wanted_state = WantedState.RUNNING
        service.wanted_release = release
        service.generation = rollout.to_generation
        service.save(update_fields=["wanted_state", "wanted_release", "generation"])
        job.operation.release = release
        job.operation.save(update_fields=["release"])
        job.remember(rollout_id=rollout.pk)
    job.service.refresh_from_db()


def _end_forgotten(service: Service) -> None:
    """No operation leaves a rollout open; should one be found, what it started is cleared away."""
    service.rollouts.exclude(phase=Phase.DONE).update(phase=Phase.DONE, outcome=Outcome.FAILED)


def _next_generation(service: Service) -> int:
    used = service.rollouts.aggregate(Max("to_generation"))["to_generation__max"] or 0
    return max(used, service.generation) + 1


def start_step(job: Job) -> None:
    _follow(job, past=Phase.STARTING)


def health_step(job: Job) -> None:
    _follow(job, past=Phase.GATING)


def route_step(job: Job) -> None:
    """Both phases in which the router changes; after it the new release serves."""
    _follow(job, past=Phase.SWITCHED)


def settle_step(job: Job) -> None:
    _follow(job, past=Phase.DRAINING)


def gate_limit_s(service: Service) -> float:
    """Start period + retries x interval, at most `KYOZO_GATE_MAX_S`."""
    plan = plan_from(service.health_check_config)
    return min(plan.gate_seconds, float(settings.KYOZO["GATE_MAX_S"]))


def _follow(job: Job, *, past: Phase) -> None:
    """Reconcile until the rollout is beyond `past`; deadlines, cancel and failure turn it back."""
    began = time.monotonic()
    while True:
        rollout = Rollout.objects.select_related("service").get(
            pk=job.operation.result["rollout_id"]
        )
        if _is_beyond(rollout, past):
            return
        _turn_back_if_needed(job, rollout, time.monotonic() - began)
        this = reconcile(job.claim)
        if not this.acted:
            time.sleep(PAUSE_S.get(Phase(rollout.phase), 0.1))
        elif _only_waits(this):
            time.sleep(0.05)


def _only_waits(this: Pass) -> bool:
    return all(type(action).__name__ == "Gate" for action in this.acted)


def _is_beyond(rollout: Rollout, past: Phase) -> bool:
    if rollout.phase == Phase.DONE and rollout.outcome == Outcome.FAILED:
        if rollout.failure.get("code") == CancelledError.code:
            raise CancelledError("cancelled")
        raise failed(rollout.failure)
    if rollout.phase == Phase.REVERTING:
        return False
    return ORDER.index(Phase(rollout.phase)) > ORDER.index(past)


def failed(failure: dict[str, Any]) -> DeployError:
    message = failure.get("message", "the new release did not come up")
    return DeployError(
        message, code=failure.get("code"), fix=failure.get("fix", ""), params=failure
    )


def _turn_back_if_needed(job: Job, rollout: Rollout, waited_s: float) -> None:
    if rollout.phase not in {Phase.STARTING, Phase.GATING}:
        return
    if job.is_cancelled():
        move(rollout, Phase.REVERTING, failure={"code": CancelledError.code})
    elif job.is_overdue():
        move(rollout, Phase.REVERTING, failure=_overdue(rollout, waited_s))


def _overdue(rollout: Rollout, waited_s: float) -> dict[str, Any]:
    rows = Instance.objects.alive().select_related("release")
    new = rows.filter(service=rollout.service, generation=rollout.to_generation, is_gated=False)
    return describe.gate_timeout(new.first(), waited_s=waited_s)


def finish(job: Job) -> dict[str, Any]:
    """What a completed rollout leaves on the service."""
    rollout = Rollout.objects.get(pk=job.operation.result["rollout_id"])
    Service.objects.filter(pk=job.service.pk).update(
        deployed_at=rollout.switched_at or timezone.now(), has_pending_changes=False
    )
    return {"release": rollout.to_release.number}
