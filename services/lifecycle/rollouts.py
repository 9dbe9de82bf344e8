"""Beginning a rollout and following it by phase: the steps of deploy, restart and rollback."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from services.errors import CancelledError, DeployError, FenceLostError, KyozoError
from services.lifecycle import describe
from services.lifecycle.claims import fenced
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.job import PASSING, Job
from services.lifecycle.operations import BEFORE_SWITCH
from services.lifecycle.reconcile import Pass, move, open_rollout, reconcile
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

log = logging.getLogger(__name__)

ORDER = (
    Phase.STARTING,
    Phase.GATING,
    Phase.SWITCHED,
    Phase.SETTLING,
    Phase.DRAINING,
    Phase.DONE,
)
HOPELESS_AFTER_S = 15.0
# A port for something else may well be opened first.
ELSEWHERE_AFTER_S = 45.0
PAUSE_S = {Phase.SETTLING: 0.2, Phase.DRAINING: 0.1}


def begin(job: Job, prepare: Callable[[Job], Callable[[], Release]]) -> None:
    """Write the release, what is wanted from now on and the rollout to it: all at once, and once
    per operation. `prepare` may be slow (it reads the folder and asks the router for a port), what
    it returns runs in the transaction."""
    if "rollout_id" in job.operation.result:
        return
    job.check_cancelled()
    job.service.refresh_from_db()
    write_release = prepare(job)
    with transaction.atomic():
        # Whoever asks to stop or remove takes the same lock: from here on they find a rollout.
        service = Service.objects.locked().get(pk=job.service.pk)
        job.claim.hold()
        job.check_cancelled()
        release = write_release()
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


def gate_limit_s(job: Job) -> float:
    """Start period + retries x interval of the release, at most `KYOZO_GATE_MAX_S`."""
    release = job.operation.release or job.service.wanted_release
    plan = plan_from(ReleaseConfig.from_json(release.config).health if release else {})
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
        time.sleep(_pass(job, rollout))


def _pass(job: Job, rollout: Rollout) -> float:
    """One pass, and how long to wait before the next one. An engine that says no before the switch
    turns the rollout back; while the old ones drain it only leaves them to the sweep. What may
    pass by itself is for the caller."""
    try:
        this = reconcile(job.claim)
    except FenceLostError:
        raise
    except KyozoError as exc:
        if exc.error_code in PASSING and not _leaves_only_old_ones(job, rollout):
            raise
        _end_refused(job, rollout, exc)
        return 0
    if not this.acted:
        return PAUSE_S.get(Phase(rollout.phase), 0.1)
    return 0.05 if _only_waits(this) else 0


def _leaves_only_old_ones(job: Job, rollout: Rollout) -> bool:
    """The new release serves, and there is no time left to wait for the old instances' end."""
    return rollout.phase == Phase.DRAINING and job.is_overdue()


def _end_refused(job: Job, rollout: Rollout, exc: KyozoError) -> None:
    if rollout.phase == Phase.DRAINING:
        log.warning("%s: its old instances are left to the sweep: %s", job.operation, exc.message)
        job.note(f"the sweep removes what is old: {exc.message}")
        with fenced(job.claim):
            move(rollout, Phase.DONE)
    elif rollout.phase in BEFORE_SWITCH:
        with fenced(job.claim):
            move(rollout, Phase.REVERTING, failure=_refused(job, exc))
    else:
        raise exc


def _refused(job: Job, exc: KyozoError) -> dict[str, Any]:
    said = {"code": exc.error_code, "message": exc.message, "fix": exc.fix}
    return {**exc.params, **said, "stage": job.operation.step}


def give_up(service: Service) -> None:
    """An operation that fails while the old instances are there leaves the old release wanted, also
    when neither engine nor router can be asked to go back to it: the sweep does that."""
    rollout = open_rollout(service)
    if rollout and rollout.phase in {*BEFORE_SWITCH, Phase.SWITCHED, Phase.SETTLING}:
        move(rollout, Phase.REVERTING)


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
    failure: dict[str, Any] = {}
    if rollout.phase in BEFORE_SWITCH:
        failure = _reason_to_turn_back(job, rollout, waited_s)
    elif rollout.phase in {Phase.SWITCHED, Phase.SETTLING} and job.is_overdue():
        failure = _overdue(rollout, waited_s) if _waiting(rollout) else {}
    if failure:
        with fenced(job.claim):
            move(rollout, Phase.REVERTING, failure=failure)


def _reason_to_turn_back(job: Job, rollout: Rollout, waited_s: float) -> dict[str, Any]:
    if job.is_cancelled():
        return {"code": CancelledError.code}
    is_hopeless = waited_s > HOPELESS_AFTER_S and _is_hopeless(rollout, waited_s)
    is_through = rollout.phase == Phase.GATING and not _waiting(rollout)
    if is_hopeless or (job.is_overdue() and not is_through):
        return _overdue(rollout, waited_s)
    return {}


def _is_hopeless(rollout: Rollout, waited_s: float) -> bool:
    """Every instance that waits listens for itself only or, after a while, only elsewhere."""
    waiting = [row for row in _waiting(rollout) if row.state == "running"]
    is_late = waited_s > ELSEWHERE_AFTER_S
    return bool(waiting) and all(
        describe.listens_for_itself(row) or (is_late and describe.listens_elsewhere(row))
        for row in waiting
    )


def _waiting(rollout: Rollout) -> list[Instance]:
    rows = Instance.objects.alive().select_related("release", "service")
    new = rows.filter(service=rollout.service, generation=rollout.to_generation, is_gated=False)
    return list(new)


def _overdue(rollout: Rollout, waited_s: float) -> dict[str, Any]:
    first = next(iter(_waiting(rollout)), None)
    return describe.gate_timeout(first, waited_s=waited_s)


def finish(job: Job) -> dict[str, Any]:
    """What a completed rollout leaves on the service."""
    rollout = Rollout.objects.get(pk=job.operation.result["rollout_id"])
    Service.objects.filter(pk=job.service.pk).update(
        deployed_at=rollout.switched_at or timezone.now()
    )
    return {"release": rollout.to_release.number}


def nothing_pending(job: Job) -> None:
    """All settings run now, but for what was changed while the operation ran. Not so after a
    rollback, which runs those of its release."""
    unchanged = Service.objects.filter(pk=job.service.pk, updated_at__lte=job.operation.started_at)
    unchanged.update(has_pending_changes=False)
