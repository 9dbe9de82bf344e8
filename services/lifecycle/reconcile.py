"""One pass: read wanted, rollout and observed fresh; decide; act; record the phase.

The only code that creates, routes or deletes instances. It runs for operations, on engine events
and in the sweep, always under a claim, and every action may be repeated.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from services import events
from services.errors import (
    AddressTakenError,
    CancelledError,
    ConflictError,
    EngineError,
    EngineNotFoundError,
    FenceLostError,
    KyozoError,
)
from services.lifecycle import crashes, describe, names
from services.lifecycle import decide as d
from services.lifecycle.claims import Claim, fenced
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.lifecycle.gate import check_now, gate
from services.lifecycle.kept_lines import kept_lines
from services.lifecycle.launch import launch
from services.lifecycle.observe import Sight, look
from services.lifecycle.routes import publish_routes
from services.lifecycle.status import refresh_status
from services.models import (
    Instance,
    Outcome,
    Phase,
    Release,
    Rollout,
    Service,
    Strategy,
    WantedState,
)

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Pass:
    """What one pass works on; `acted` tells the caller whether to look again soon."""

    service: Service
    claim: Claim
    sight: Sight
    rollout: Rollout | None
    acted: list[d.Action] = field(default_factory=list)


def reconcile(claim: Claim) -> Pass:
    """Bring one service a step closer to what is wanted. Raises EngineError, FenceLostError."""
    service = Service.objects.select_related("team", "wanted_release").get(pk=claim.service_id)
    rollout = open_rollout(service)
    this = Pass(service, claim, look(service, fence=claim), rollout)
    for engine_id in this.sight.strays:
        runtime().remove(engine_id, fence=claim)
    if rollout and rollout.phase == Phase.SETTLING:
        _look_closely(this, rollout)
    actions = d.decide(
        wanted(service, rollout), progress(rollout, this.sight.rows.values()), this.sight.seen
    )
    refused: str | None = ""
    try:
        for action in actions:
            ACTS[type(action)](this, action)
            this.acted.append(action)
    except FenceLostError:
        refused = None  # what there is to say is its successor's
        raise
    except EngineError as exc:
        refused = None
        claim.check()  # else it was refused because its successor was there before
        refused = exc.message
        raise
    finally:
        if refused is not None:
            refresh_status(service, was_seen=True, refused=refused)
    return this


def _look_closely(this: Pass, rollout: Rollout) -> None:
    """While a release settles its instances are asked every second, not every interval."""
    new = [row for row in this.sight.rows.values() if row.generation == rollout.to_generation]
    for row in new:
        check_now(this.service, row, every_s=1.0)
    unhealthy = {row.id for row in new if row.is_gated and row.health == "unhealthy"}
    this.sight = replace(
        this.sight,
        seen=[replace(s, is_unhealthy=s.id in unhealthy) for s in this.sight.seen],
    )


def open_rollout(service: Service) -> Rollout | None:
    rows = service.rollouts.exclude(phase=Phase.DONE)
    return rows.select_related("to_release", "from_release").first()


def wanted(service: Service, rollout: Rollout | None) -> d.Wanted:
    release = service.wanted_release
    running = service.wanted_state == WantedState.RUNNING and release is not None
    config = ReleaseConfig.from_json(release.config if release else {})
    return d.Wanted(
        is_running=running or rollout is not None,
        generation=service.generation,
        replicas=service.wanted_replicas,
        replaces_first=config.strategy == "recreate",
    )


def progress(rollout: Rollout | None, rows: Iterable[Instance] = ()) -> d.Progress | None:
    """What its engine started again while it settles has to settle as long as the others."""
    if rollout is None:
        return None
    now = timezone.now()
    starts = [row.started_at for row in rows if row.generation == rollout.to_generation]
    # An engine's clock may be another one.
    known = [at for at in starts if at is not None and at <= now]
    age, rest = now - rollout.phase_at, now - max([rollout.phase_at, *known])
    goes_back = rollout.from_state == WantedState.RUNNING
    return d.Progress(
        phase=rollout.phase,
        to_generation=rollout.to_generation,
        from_generation=rollout.from_generation if goes_back else None,
        replaces_first=rollout.strategy == "recreate",
        is_settled=rest >= timedelta(seconds=settings.KYOZO["SETTLE_S"]),
        is_overdue=age >= timedelta(seconds=settings.KYOZO["GATE_MAX_S"]),
    )


def _create(this: Pass, action: d.Create) -> None:
    """The row first, then the container: nothing of ours is ever unknown to us."""
    instance = _row_for(this, action)
    if instance.engine_id:
        _let_go(this, instance)
    made = {one.instance_id: one for one in launch(instance, fence=this.claim)}
    if (one := made.get(str(instance.id))) is not None:
        instance.engine_id, instance.state = one.engine_id, one.state
        instance.host_ports = {str(k): v for k, v in one.ports.items()}
        instance.observed_at = timezone.now()
    with fenced(this.claim):
        instance.save(update_fields=["engine_id", "state", "host_ports", "observed_at"])
        events.publish(
            this.service,
            event_type="container_started",
            data={"instance": instance.name, "release": instance.release.number},
        )


def _let_go(this: Pass, instance: Instance) -> None:
    """Another container may take its place: whoever dies then must not leave a row that names one
    that is gone, as if somebody had removed it, or that passed its gate with another."""
    instance.engine_id, instance.is_gated, instance.good_answers = "", False, 0
    with fenced(this.claim):
        instance.save(update_fields=["engine_id", "is_gated", "good_answers"])


def _row_for(this: Pass, action: d.Create) -> Instance:
    with fenced(this.claim):
        row, _ = Instance.objects.get_or_create(
            service=this.service,
            generation=action.generation,
            replica=action.replica,
            removed_at=None,
            defaults={
                "release": _release_of(this, action.generation),
                "name": f"{this.service.engine_name}-g{action.generation}-{action.replica}",
            },
        )
    return row


def _release_of(this: Pass, generation: int) -> Release:
    """The release that a generation runs: the rollout's new one, or the one that is wanted."""
    rollout, wanted_release = this.rollout, this.service.wanted_release
    if rollout is not None and generation == rollout.to_generation:
        return rollout.to_release
    if wanted_release is None:
        raise ConflictError(f"{this.service.name} has no release", code="service.wrong_state")
    return wanted_release


def _start(this: Pass, action: d.Start) -> None:
    row = this.sight.rows[action.id]
    log.info("%s is stopped and should run: starting it", row.name)
    crashes.look_again(row, fence=this.claim)
    try:
        runtime().start(row.engine_id, fence=this.claim)
    except (EngineNotFoundError, AddressTakenError):
        # Its network is gone, or it is by now, or its address is another's: then it is made once
        # more, however often that takes.
        _create(this, d.Create(row.generation, row.replica))
        row.refresh_from_db()
    row.restarts += 1
    row.is_gated, row.good_answers = False, 0
    with fenced(this.claim):
        row.save(update_fields=["restarts", "is_gated", "good_answers"])
        ended = {"exit_code": row.exit_code, "oom_killed": row.is_oom_killed}
        events.publish(
            this.service,
            event_type="container_restarted",
            data={"instance": row.name, **ended},
        )


def _gate(this: Pass, action: d.Gate) -> None:
    gate(this.service, this.sight.rows[action.id], fence=this.claim)


def _set_routes(this: Pass, action: d.SetRoutes) -> None:
    rows = this.service.instances.alive()
    before = list(rows.filter(is_routed=True).values_list("pk", flat=True))
    with fenced(this.claim):
        rows.exclude(pk__in=action.ids).filter(is_routed=True).update(is_routed=False)
        rows.filter(pk__in=action.ids, leaving_at=None).update(is_routed=True)
    try:
        publish_routes(this.service, must_be_in=bool(action.ids))
    except KyozoError:
        # The router may still have the table before: the next pass must ask for this one again.
        with fenced(this.claim):
            rows.exclude(pk__in=before).update(is_routed=False)
            rows.filter(pk__in=before, leaving_at=None).update(is_routed=True)
        raise


def _leave(this: Pass, action: d.Leave) -> None:
    row = this.sight.rows[action.id]
    with fenced(this.claim):
        Instance.objects.filter(pk=row.pk, leaving_at=None).update(leaving_at=timezone.now())


def _hide(this: Pass, action: d.Hide) -> None:
    names.hide(this.sight.rows[action.id], fence=this.claim)


def _retire(this: Pass, action: d.Retire) -> None:
    """Stop and remove by engine id; first the router shows that its table is without it."""
    row = this.sight.rows[action.id]
    publish_routes(this.service)
    if row.engine_id and row.state != "missing":
        runtime().stop(row.engine_id, grace_s=settings.KYOZO["STOP_GRACE_S"], fence=this.claim)
        # After the stop: what it says while it ends is often what is looked for.
        row.last_lines = kept_lines(row) or row.last_lines
        with fenced(this.claim):
            row.save(update_fields=["last_lines"])
        runtime().remove(row.engine_id, fence=this.claim)
    with fenced(this.claim):
        _close(row)
        events.publish(this.service, event_type="container_stopped", data={"instance": row.name})


def _forget(this: Pass, action: d.Forget) -> None:
    row = this.sight.rows[action.id]
    log.info("%s is gone from the engine: making a new one", row.name)
    if row.engine_id and row.state == "dead":
        runtime().remove(row.engine_id, fence=this.claim)
    with fenced(this.claim):
        _close(row)
        events.publish(
            this.service,
            event_type="container_stopped",
            data={"instance": row.name, "reason": "gone from the engine"},
            error={"message": "the container is gone from the engine"},
        )
    publish_routes(this.service)


def _close(row: Instance) -> None:
    row.removed_at, row.is_routed = timezone.now(), False
    row.state = "missing"
    row.save(update_fields=["removed_at", "is_routed", "state"])


def _take_over(this: Pass, action: d.TakeOver) -> None:
    crashes.take_over(this.service, this.sight.rows[action.id], fence=this.claim)


def _give_back(this: Pass, action: d.GiveBack) -> None:
    crashes.give_back(this.sight.rows[action.id], fence=this.claim)


def _advance(this: Pass, action: d.Advance) -> None:
    rollout = this.rollout
    if rollout is None:
        return
    failure = {}
    if action.failed is not None:
        failure = describe.failure(this.service, this.sight.rows[action.failed], rollout.phase)
    with fenced(this.claim):
        move(rollout, Phase(action.phase), failure=failure)


def move(rollout: Rollout, phase: Phase, *, failure: dict[str, Any] | None = None) -> bool:
    """Record a phase, unless the rollout has moved on meanwhile. Going back puts the old release
    and generation back as what is wanted, in the same transaction."""
    with transaction.atomic():
        changes: dict[str, Any] = {"phase": phase, "phase_at": timezone.now()}
        if failure:
            changes["failure"] = failure
        if phase == Phase.SETTLING:
            changes["switched_at"] = timezone.now()
        if phase == Phase.DONE:
            failed = rollout.phase == Phase.REVERTING
            changes["outcome"] = Outcome.FAILED if failed else Outcome.SUCCEEDED
        if phase == Phase.REVERTING and _stays_down(rollout, failure or {}):
            changes |= {"from_state": WantedState.STOPPED, "from_generation": None}
        same = Rollout.objects.filter(pk=rollout.pk, phase=rollout.phase)
        if not same.update(**changes):
            return False
        for name, value in changes.items():
            setattr(rollout, name, value)
        if phase == Phase.REVERTING:
            _want_old(rollout)
    return True


def _stays_down(rollout: Rollout, failure: dict[str, Any]) -> bool:
    """Somebody who has one writer only may want to look before the old release writes again. Where
    old and new run side by side the old one serves on, whatever is said."""
    if rollout.strategy != Strategy.RECREATE or failure.get("code") == CancelledError.code:
        return False
    return rollout.service.deployment_config.get("rollback_on_failure") is False


def _want_old(rollout: Rollout) -> None:
    changes: dict[str, Any] = {
        "wanted_state": rollout.from_state,
        "wanted_release": rollout.from_release,
    }
    if rollout.from_generation is not None:
        changes["generation"] = rollout.from_generation
    # A removal asked for meanwhile stands.
    rows = Service.objects.filter(pk=rollout.service_id)
    rows.exclude(wanted_state=WantedState.REMOVED).update(**changes)


ACTS = cast(
    "dict[type, Callable[[Pass, d.Action], None]]",
    {
        d.Create: _create,
        d.Start: _start,
        d.Gate: _gate,
        d.SetRoutes: _set_routes,
        d.Leave: _leave,
        d.Hide: _hide,
        d.Retire: _retire,
        d.Forget: _forget,
        d.TakeOver: _take_over,
        d.GiveBack: _give_back,
        d.Advance: _advance,
    },
)
