"""The service's status word: one table over (wanted, operation, observed); docs/status.md."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from services import events
from services.models import (
    Instance,
    Kind,
    Operation,
    OperationState,
    Service,
    Status,
    WantedState,
)

WORKING = {
    Kind.START: Status.STARTING,
    Kind.STOP: Status.STOPPING,
    Kind.REMOVE: Status.STOPPING,
    Kind.RESTART: Status.RESTARTING,
    Kind.SCALE: Status.SCALING,
    Kind.ROLLBACK: Status.DEPLOYING,
}
REWRITE_AFTER = timedelta(seconds=2)
DEPLOY_STEPS = {"": Status.PENDING, "analyse": Status.DETECTING, "build": Status.BUILDING}


@dataclass(frozen=True, slots=True)
class Facts:
    """`serving`: instances past their gate and alive; `alive`: all that exist; `is_seen`: the
    observation is fresh; `last_failed`: why the last operation failed, empty when it did not;
    `trouble`: why what should serve does not; `detail` has all there is to say about it."""

    wanted: str
    kind: str = ""
    step: str = ""
    serving: int = 0
    alive: int = 0
    replicas: int = 1
    is_seen: bool = True
    last_failed: str = ""
    trouble: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    health: str = "unknown"


def compute(facts: Facts) -> tuple[Status, str]:
    """The word and why. A redeploy that failed leaves `running` while the old release serves."""
    if facts.wanted == WantedState.RUNNING and facts.alive and not facts.is_seen:
        return Status.UNKNOWN, "the container engine does not answer"
    if facts.kind:
        return _working(facts), ""
    if facts.wanted == WantedState.RUNNING:
        return _running(facts)
    if facts.wanted == WantedState.NEW:
        return (Status.ERROR, facts.last_failed) if facts.last_failed else (Status.PENDING, "")
    return (Status.STOPPING if facts.alive else Status.STOPPED), ""


def _working(facts: Facts) -> Status:
    if facts.kind == Kind.DEPLOY:
        return DEPLOY_STEPS.get(facts.step, Status.DEPLOYING)
    return WORKING[Kind(facts.kind)]


def _running(facts: Facts) -> tuple[Status, str]:
    if facts.serving:
        few = facts.serving < facts.replicas
        words = f"{facts.serving} of {facts.replicas} serve" if few else ""
        return Status.RUNNING, "; ".join(filter(None, [words, facts.trouble]))
    return (Status.ERROR, facts.trouble) if facts.trouble else (Status.STARTING, "")


def refresh_status(
    service: Service, *, was_seen: bool = False, is_lost: bool = False, refused: str = ""
) -> None:
    """Compute, store and announce. `was_seen`: the engine has just shown this service;
    `is_lost`: it cannot be asked, so what is known is no proof until it shows it again; `refused`:
    why it did not do what is wanted."""
    now = timezone.now()
    fresh = Service.objects.get(pk=service.pk)
    is_proof = fresh.status != Status.UNKNOWN and not _is_stale(fresh)
    facts = gather(fresh, is_seen=not is_lost and (was_seen or is_proof))
    status, reason = compute(replace(facts, trouble=facts.trouble or refused))
    changes: dict[str, object] = {}
    if fresh.status_detail != facts.detail:
        changes["status_detail"] = facts.detail
    if (fresh.status, fresh.status_reason) != (status, reason):
        changes |= {"status": status, "status_reason": reason}
    if (fresh.current_replicas, fresh.health) != (facts.serving, facts.health):
        changes |= {"current_replicas": facts.serving, "health": facts.health}
    if was_seen and (fresh.observed_at is None or now - fresh.observed_at > REWRITE_AFTER):
        changes["observed_at"] = now
    if changes:
        _store(fresh, changes)
    service.status, service.status_reason = status, reason


def _store(fresh: Service, changes: dict[str, object]) -> None:
    """Write unless another worker was faster; its pass has seen newer facts."""
    with transaction.atomic():
        same = Service.objects.filter(pk=fresh.pk, status=fresh.status)
        if same.update(**changes) and changes.get("status", fresh.status) != fresh.status:
            previous, fresh.status = fresh.status, str(changes["status"])
            events.status_changed(fresh, previous=previous)


def _is_stale(service: Service) -> bool:
    limit = timedelta(seconds=settings.KYOZO["STALE_AFTER_S"])
    return service.observed_at is not None and timezone.now() - service.observed_at > limit


def gather(service: Service, *, is_seen: bool) -> Facts:
    """Read what `compute` needs: three queries."""
    alive = list(service.instances.alive())
    gated = [i for i in alive if i.is_gated and i.leaving_at is None and i.state == "running"]
    asked = _asked(service)
    ended = service.operations.exclude(ended_at=None).order_by("-ended_at").first()
    failed = ended is not None and ended.state == OperationState.FAILED
    return Facts(
        wanted=service.wanted_state,
        kind=asked.kind if asked else "",
        step=asked.step if asked else "",
        serving=len(gated),
        alive=len(alive),
        replicas=service.wanted_replicas,
        is_seen=is_seen,
        last_failed=ended.error.get("message", "failed") if failed and ended else "",
        trouble=_trouble(alive),
        detail=_detail(alive),
        health=_health(alive),
    )


def _asked(service: Service) -> Operation | None:
    """What runs, else what waits: from the answer on the status says what was asked for. A deploy
    that waits says nothing: the service goes on as it was."""
    waiting = {operation.state: operation for operation in service.operations.open()}
    queued = waiting.get(OperationState.QUEUED)
    if queued is not None and queued.kind == Kind.DEPLOY:
        queued = None
    return waiting.get(OperationState.RUNNING, queued)


def _health(alive: list[Instance]) -> str:
    """The worst word of those that run and stay: what has ended is neither well nor ill."""
    staying = (i for i in alive if i.leaving_at is None and i.state == "running")
    words = {instance.health for instance in staying}
    order = ("unhealthy", "starting", "healthy")
    return next((word for word in order if word in words), "unknown")


def _detail(alive: list[Instance]) -> dict[str, Any]:
    """Of the first instance in a crash loop that is to stay."""
    staying = (i for i in alive if i.leaving_at is None)
    return next((i.trouble for i in staying if i.looping_at is not None), {})


def _trouble(alive: list[Instance]) -> str:
    if detail := _detail(alive):
        return str(detail["message"])
    over = {"exited", "dead", "restarting"}
    broken = next((i for i in alive if i.leaving_at is None and i.state in over), None)
    if broken is None:
        return ""
    if broken.is_oom_killed:
        return "out of memory: the process was killed"
    code = broken.exit_code
    return "the process exits" if code is None else f"the process exits with code {code}"


def mark_stale() -> int:
    """Services whose observation is too old to be proof become `unknown`; how many there were."""
    limit = timezone.now() - timedelta(seconds=settings.KYOZO["STALE_AFTER_S"])
    stale = Service.objects.filter(wanted_state=WantedState.RUNNING, observed_at__lt=limit)
    rows = list(stale.exclude(status=Status.UNKNOWN))
    for service in rows:
        refresh_status(service)
    return len(rows)
