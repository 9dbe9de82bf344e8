"""Looking: the engine's instances of one service, joined with our rows, as `decide` wants them."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from services.errors import EngineError
from services.lifecycle import crashes, names, replacements
from services.lifecycle.claims import Claim, fenced
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.decide import Seen
from services.lifecycle.engine import runtime
from services.models import Instance, Service
from services.runtimes.base import ObservedInstance, Selector, State

log = logging.getLogger(__name__)

STOPPED_BY_SIGNAL = frozenset({137, 143})
MERCY = 2
UNANSWERED = frozenset({"engine.timeout", "engine.unreachable"})
# An engine that ends what runs is gone itself by then, or it was somebody else.
CONFIRMED_AFTER = timedelta(seconds=3)
OBSERVED = (
    "engine_id",
    "state",
    "exit_code",
    "is_oom_killed",
    "restarts",
    "started_at",
    "host_ports",
    "observed_at",
    "is_gated",
    "good_answers",
)


@dataclass(frozen=True, slots=True)
class Sight:
    """`seen` is for decide; `strays` are containers of ours that no living row wants. `is_resting`:
    an instance goes as soon as it has no name for long enough, which is within moments. `changed`:
    rows that say something else than before."""

    seen: list[Seen]
    rows: dict[uuid.UUID, Instance]
    strays: list[str]
    is_resting: bool
    changed: list[Instance]


def look(service: Service, *, fence: Claim) -> Sight:
    """One list call; updates the observed columns of the rows that changed, unless somebody else
    has the service by now, who may have looked later. Raises EngineError, FenceLostError."""
    shown = runtime().observe(
        Selector(install=settings.KYOZO["INSTALL"], service_id=str(service.id))
    )
    rows = {row.id: row for row in service.instances.alive().select_related("release")}
    sight = join(rows, [_going_on(one, rows, fence) for one in shown])
    if sight.changed:
        with fenced(fence):
            for row in sight.changed:
                row.save(update_fields=OBSERVED)
    return sight


def _going_on(
    one: ObservedInstance, rows: Mapping[uuid.UUID, Instance], fence: Claim
) -> ObservedInstance:
    """What somebody paused, or a worker that died while it changed names, goes on at once: it is
    the same process, so it keeps its gate and its traffic. What is out of its network, or will
    not go on, is made once more instead."""
    row = rows.get(uuid_of(one.instance_id))
    if one.state != State.PAUSED or row is None or _is_elsewhere(row, one):
        return one
    log.warning("%s was paused: it goes on", one.name)
    try:
        runtime().resume(one.engine_id, fence=fence)
    except EngineError as exc:
        if exc.error_code in UNANSWERED:
            raise
        log.warning("%s does not go on: %s", one.name, exc.message)
        return one
    return replace(one, state=State.RUNNING)


def join(rows: dict[uuid.UUID, Instance], shown: Sequence[ObservedInstance]) -> Sight:
    by_row: dict[uuid.UUID, ObservedInstance] = {}
    strays = []
    for one in shown:
        row = rows.get(uuid_of(one.instance_id))
        if row is None or (row.engine_id and row.engine_id != one.engine_id):
            strays.append(one.engine_id)
        else:
            by_row[row.id] = one
    changed = [row for row in rows.values() if _note(row, by_row.get(row.id))]
    # Before `seen`, which reads the clock, too: nobody may be past its rest here and not there.
    is_resting = any(not names.is_forgotten(row) for row in rows.values())
    worn = replacements.replaceable(rows.values())
    seen = [
        replace(seen_of(row, by_row.get(row.id)), is_replaceable=row.id in worn)
        for row in rows.values()
    ]
    return Sight(seen=seen, rows=rows, strays=strays, is_resting=is_resting, changed=changed)


def uuid_of(text: str) -> uuid.UUID:
    """A label's id; one that nothing has when somebody wrote something else there."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)


def is_as_noted(row: Instance, one: ObservedInstance) -> bool:
    """Whether the engine shows what the row says already, so that a pass would note nothing new."""
    ports = {str(k): v for k, v in one.ports.items()}
    restarts = max(one.restarts, row.restarts)
    shown = (one.engine_id, one.state, one.exit_code, restarts, one.started_at, ports)
    return _facts(row) == shown


def _note(row: Instance, one: ObservedInstance | None) -> bool:
    """Take in what the engine shows of a row's container; a made one not shown is missing. Whether
    there is something to be written."""
    if one is None and not row.engine_id:
        return False
    before = _facts(row)
    if one is None:
        row.state = State.MISSING
    else:
        if row.started_at and one.started_at and row.started_at != one.started_at:
            row.is_gated, row.good_answers = False, 0  # a new process must pass the gate again
        row.engine_id = one.engine_id
        row.state, row.exit_code = one.state, one.exit_code
        row.is_oom_killed, row.restarts = one.oom_killed, max(one.restarts, row.restarts)
        row.started_at = one.started_at
        row.host_ports = {str(k): v for k, v in one.ports.items()}
    now = timezone.now()
    if _facts(row) == before and row.observed_at and now - row.observed_at <= _refresh():
        return False
    row.observed_at = now
    return True


def _facts(row: Instance) -> tuple[object, ...]:
    return (row.engine_id, row.state, row.exit_code, row.restarts, row.started_at, row.host_ports)


def _refresh() -> timedelta:
    """How old `observed_at` may grow before it is written again although nothing changed."""
    return timedelta(seconds=settings.KYOZO["SWEEP_S"] / 2)


def seen_of(row: Instance, one: ObservedInstance | None) -> Seen:
    is_quiet, is_drained = _departure(row)
    return Seen(
        id=row.id,
        generation=row.generation,
        replica=row.replica,
        state=State(row.state),
        is_made=bool(row.engine_id) and not (one and _needs_making_good(row, one)),
        is_gated=row.is_gated,
        is_routed=row.is_routed,
        is_leaving=row.leaving_at is not None,
        is_named=row.is_named,
        is_quiet=is_quiet,
        is_drained=is_drained,
        is_unhealthy=replacements.is_unhealthy(row),
        is_due=crashes.is_due(row),
        is_interrupted=_is_interrupted(row, one),
        has_crashed=one is not None and one.restarts > 0,
        is_looping=row.looping_at is None and crashes.loops(row.exits),
        is_recovered=crashes.is_over(row),
    )


def _needs_making_good(row: Instance, one: ObservedInstance) -> bool:
    """Created but never started (its worker died between the two calls), taken out of its network
    by hand, or paused and not to be moved: making it once more mends all three."""
    if one.state in {State.CREATED, State.PAUSED}:
        return True
    return one.state == State.RUNNING and _is_elsewhere(row, one)


def _is_elsewhere(row: Instance, one: ObservedInstance) -> bool:
    return row.address is not None and one.address != row.address


def _departure(row: Instance) -> tuple[bool, bool]:
    """Whether a leaving one is quiet, and whether it is drained: it has no connection at this
    moment, or half of the drain limit, or all of it, is over. Without an HTTP port: at once; with
    a name that was just taken from it: a little later."""
    if row.leaving_at is None:
        return False, False
    config = ReleaseConfig.from_json(row.release.config)
    limit = timedelta(seconds=settings.KYOZO["DRAIN_S"])
    age = timezone.now() - row.leaving_at
    if age > limit:
        return True, True
    if config.http_port is None:
        return True, names.is_forgotten(row)
    idle = row.address is not None and runtime().connections(row.address, config.http_port) == 0
    return idle or age > limit / 2, idle and names.is_forgotten(row)


def _is_interrupted(row: Instance, one: ObservedInstance | None) -> bool:
    """Before its gate: ended by a signal, as an engine that stops does it, but not each time. After
    it the engine restarts what ends by itself, so what is down was put down."""
    if row.state != State.EXITED or row.is_oom_killed:
        return False
    if not row.is_gated:
        return row.exit_code in STOPPED_BY_SIGNAL and row.restarts < MERCY
    ended_at = one.finished_at if one else None
    return ended_at is not None and timezone.now() - ended_at < CONFIRMED_AFTER
