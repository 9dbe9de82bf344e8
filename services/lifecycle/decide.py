"""What should happen next to one service: a pure function of what is wanted, how far the rollout
is, and what is seen. Every change of instances and routes goes through here.

The order of a rollout (design of this module): start the new instances; gate them; route them
beside the old; take the old out; settle; drain; remove. Nothing is removed while it is routed,
and an instance marked leaving is never taken back.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from services.runtimes.base import State

GONE = frozenset({State.EXITED, State.RESTARTING, State.DEAD, State.MISSING})


@dataclass(frozen=True, slots=True)
class Seen:
    """One instance: its row and what the engine showed in the same pass.

    `is_made`: the engine once confirmed it. `is_named`: the service's name leads to it.
    `is_quiet`, `is_drained`: out of the router with no connection left, or for longer than half
    the drain limit, or all of it. `is_due`: a stopped one may be started again now.
    `is_interrupted`: stopped from outside, which says nothing about its release: before its gate,
    or only just; then its engine may be about to go, and brings it back.
    `has_crashed`: the engine has restarted it because it ended; an engine that was restarted itself
    starts all of them again and says so of none.
    `is_replaceable`: unhealthy, and the pause since the last such replacement is over.
    `is_looping`: it ends again and again while the engine restarts it. `is_recovered`: we restart
    it since such a loop, and it stayed up.
    """

    id: uuid.UUID
    generation: int
    replica: int
    state: State
    is_made: bool = True
    is_gated: bool = False
    is_routed: bool = False
    is_leaving: bool = False
    is_named: bool = False
    is_quiet: bool = False
    is_drained: bool = False
    is_unhealthy: bool = False
    is_due: bool = True
    is_interrupted: bool = False
    has_crashed: bool = False
    is_replaceable: bool = False
    is_looping: bool = False
    is_recovered: bool = False

    @property
    def is_failed(self) -> bool:
        is_over = self.state in GONE and not self.is_interrupted
        return self.is_made and (is_over or self.is_unhealthy)

    @property
    def can_serve(self) -> bool:
        return (
            self.is_made and self.is_gated and not self.is_leaving and self.state == State.RUNNING
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    is_running: bool
    generation: int
    replicas: int
    replaces_first: bool = False  # strategy recreate: never two side by side


@dataclass(frozen=True, slots=True)
class Progress:
    """The open rollout. `is_settled` and `is_overdue` are the clock's part, read by the caller."""

    phase: str
    to_generation: int
    from_generation: int | None = None
    replaces_first: bool = False  # strategy recreate
    is_settled: bool = False
    is_overdue: bool = False


@dataclass(frozen=True, slots=True)
class Create:
    generation: int
    replica: int


@dataclass(frozen=True, slots=True)
class Start:
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Gate:
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class SetRoutes:
    """Exactly these instances serve from now on; done when the router itself shows it."""

    ids: frozenset[uuid.UUID]


@dataclass(frozen=True, slots=True)
class Leave:
    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Hide:
    """The service's name leads to it no more; only ever of one that is leaving while others serve.

    Not before it is quiet: a change of names disturbs what it asks of others for a moment.
    """

    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Retire:
    """Stop and remove; only ever of an instance that is leaving and not routed."""

    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Forget:
    """The engine has lost it: close the row, so that a new one can take its place."""

    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class TakeOver:
    """From now on we start it again after growing pauses, and not the engine."""

    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class GiveBack:
    """It is out of its crash loop: the engine restarts it again."""

    id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Advance:
    phase: str
    failed: uuid.UUID | None = None


Away = Leave | Hide | Retire | Forget  # the ways of an instance out
Action = Create | Start | Gate | SetRoutes | Away | TakeOver | GiveBack | Advance


def decide(wanted: Wanted, rollout: Progress | None, seen: Iterable[Seen]) -> list[Action]:
    """The actions of this pass, in the order in which they must be carried out."""
    instances = sorted(seen, key=lambda s: (s.generation, s.replica))
    if rollout is None:
        return _steady(wanted, instances)
    ours = {rollout.to_generation, rollout.from_generation}
    left_over = [s for s in instances if s.generation not in ours]
    rest = [s for s in instances if s not in left_over]
    if left_over and rollout.phase == "starting":
        return _clear(left_over, rest)
    return [*_clear(left_over, rest), *PHASES[rollout.phase](wanted, rollout, rest)]


def _clear(left_over: list[Seen], rest: list[Seen]) -> list[Action]:
    """What a rollout before could not take back, its engine or router being away: never routed
    again, and gone before the next release adds its own instances."""
    is_routed = any(s.is_routed for s in left_over)
    routed = frozenset(s.id for s in rest if s.is_routed)
    return [*([SetRoutes(routed)] if is_routed else []), *_see_off(left_over, heirs=rest)]


def _steady(wanted: Wanted, seen: list[Seen]) -> list[Action]:
    """No rollout: keep exactly the wanted replicas of the wanted generation, repair drift."""
    if not wanted.is_running:
        return [*_routes(seen, frozenset()), *_see_off(seen, heirs=[])]
    mine = [s for s in seen if s.generation == wanted.generation and not s.is_leaving]
    lost = [s for s in mine if s.is_made and s.state in {State.MISSING, State.DEAD}]
    present = [s for s in mine if s not in lost]
    replicas, surplus = _worn_out(wanted, present)
    staying = [s for s in present if s not in surplus]
    must_wait = wanted.replaces_first and any(s.is_leaving or s in surplus for s in seen)
    making = [] if must_wait else _make(wanted.generation, staying, seen, replicas)
    serving = frozenset(s.id for s in staying if s.can_serve)
    rest = [s for s in seen if s.generation != wanted.generation or s.is_leaving]
    return [
        *(Forget(s.id) for s in lost),
        *making,
        *_loops(staying),
        *(Start(s.id) for s in staying if s.state == State.EXITED and s.is_due),
        *_gate(staying),
        *_routes(seen, serving),
        *_see_off([*surplus, *rest], heirs=staying),
    ]


def _worn_out(wanted: Wanted, present: list[Seen]) -> tuple[int, list[Seen]]:
    """How many there should be right now, and which are too many.

    An unhealthy one is replaced by one more beside it, and goes once that one can serve; where
    only one may write at a time it goes first.
    """
    worn = [s for s in present if s.is_replaceable]
    if worn and wanted.replaces_first:
        return wanted.replicas, worn
    can_serve = sum(s.can_serve for s in present)
    one_more = bool(worn) and can_serve <= wanted.replicas
    replicas = wanted.replicas + one_more
    return replicas, _surplus(present, replicas)


def _surplus(present: list[Seen], replicas: int) -> list[Seen]:
    """What is too many: first those that do not serve, or badly; then the highest numbers."""
    by_worth = sorted(present, key=lambda s: (not s.can_serve, s.is_unhealthy, s.replica))
    return by_worth[replicas:]


def _starting(wanted: Wanted, rollout: Progress, seen: list[Seen]) -> list[Action]:
    new, old = _parted(rollout, seen)
    if rollout.replaces_first and old:
        return [*_routes(seen, frozenset()), *_see_off(old, heirs=[])]
    if any(s.is_failed for s in new):
        return _revert(new)
    making = _make(rollout.to_generation, new, seen, wanted.replicas)
    if making or any(not s.is_made for s in new):
        return making
    return [Advance("gating")]


def _gating(wanted: Wanted, rollout: Progress, seen: list[Seen]) -> list[Action]:
    new, old = _parted(rollout, seen)
    if len(new) < wanted.replicas or any(not s.is_made for s in new):
        return [Advance("starting")]
    if any(s.is_failed for s in new):
        return _revert(new)
    if interrupted := [s for s in new if s.is_interrupted]:
        return [Start(s.id) for s in interrupted if s.is_due]
    if waiting := _gate(new):
        return waiting
    return [*_routes(seen, _serving([*new, *old])), Advance("switched")]


def _switched(wanted: Wanted, rollout: Progress, seen: list[Seen]) -> list[Action]:
    new, old = _parted(rollout, seen)
    if _falls_short(wanted, new):
        return _revert(new)
    if not all(s.can_serve for s in new):
        return [*_mend(rollout, new), *_routes(seen, _serving([*new, *old]))]
    return [*_routes(seen, _serving(new)), Advance("settling")]


def _settling(wanted: Wanted, rollout: Progress, seen: list[Seen]) -> list[Action]:
    new, old = _parted(rollout, seen)
    if _falls_short(wanted, new):
        return _revert(new)
    is_over = rollout.is_settled and all(s.can_serve for s in new)
    routes = _routes(seen, _serving(new) or _serving(old))
    return [*_mend(rollout, new), *routes, *([Advance("draining")] if is_over else [])]


def _mend(rollout: Progress, new: list[Seen]) -> list[Action]:
    """What somebody moved or took out of the network is made good, the others are asked."""
    unmade = [Create(rollout.to_generation, s.replica) for s in new if not s.is_made]
    return [*unmade, *_gate(new)]


def _falls_short(wanted: Wanted, new: list[Seen]) -> bool:
    """One that lost its gate without a crash was restarted with its engine: it is asked again."""
    is_worse = any(s.is_failed or (not s.is_gated and s.has_crashed) for s in new)
    return is_worse or len(new) < wanted.replicas


def _draining(wanted: Wanted, rollout: Progress, seen: list[Seen]) -> list[Action]:
    """There is no way back any more: what happens to the new ones now is drift. Until they serve
    again, or for as long as a gate may take, the old ones serve on."""
    new, old = _parted(rollout, seen)
    repairs = _restore(rollout.to_generation, new, seen, wanted.replicas)
    if new and not _serving(new) and _serving(old) and not rollout.is_overdue:
        return [*repairs, *_routes(seen, _serving(old))]
    routes = _routes(seen, _serving(new))
    return [*repairs, *routes, *(_see_off(old, heirs=new) if old else [Advance("done")])]


def _reverting(wanted: Wanted, rollout: Progress, seen: list[Seen]) -> list[Action]:
    """Bring the old generation back, then clear the new one away.

    Where only one may write at a time (recreate), or there is nothing to go back to, or the
    deadline is over, the new one goes first.
    """
    new, old = _parted(rollout, seen)
    staying = [s for s in old if not s.is_leaving]
    no_way_back = rollout.from_generation is None or rollout.is_overdue
    if rollout.replaces_first or no_way_back:
        going = [*new, *(s for s in old if s.is_leaving)]
        if going:
            return [*_routes(seen, _serving(staying)), *_see_off(going, heirs=staying)]
        if no_way_back:
            return [Advance("done")]
    repairs = _restore(rollout.from_generation or 0, staying, seen, wanted.replicas)
    routes = _routes(seen, _serving(staying))
    if repairs:
        return [*repairs, *routes]
    return [*routes, *(_see_off(new, heirs=staying) if new else [Advance("done")])]


def _restore(generation: int, staying: list[Seen], seen: list[Seen], replicas: int) -> list[Action]:
    lost = [s for s in staying if s.is_made and s.state in {State.MISSING, State.DEAD}]
    kept = [s for s in staying if s not in lost]
    return [
        *(Forget(s.id) for s in lost),
        *_loops(kept),
        *(Start(s.id) for s in kept if s.state == State.EXITED and s.is_due),
        *_make(generation, kept, seen, replicas),
        *_gate(kept),
    ]


PHASES = {
    "starting": _starting,
    "gating": _gating,
    "switched": _switched,
    "settling": _settling,
    "draining": _draining,
    "reverting": _reverting,
}


def _parted(rollout: Progress, seen: list[Seen]) -> tuple[list[Seen], list[Seen]]:
    """(new, old); whatever of the new generation is leaving counts as old."""
    new = [s for s in seen if s.generation == rollout.to_generation and not s.is_leaving]
    if rollout.phase == "reverting":
        new = [s for s in seen if s.generation == rollout.to_generation]
    return new, [s for s in seen if s not in new]


def _serving(seen: Iterable[Seen]) -> frozenset[uuid.UUID]:
    return frozenset(s.id for s in seen if s.can_serve)


def _revert(new: list[Seen]) -> list[Action]:
    failed = next((s.id for s in new if s.is_failed or not s.is_gated), None)
    return [Advance("reverting", failed=failed)]


def _make(generation: int, present: list[Seen], seen: list[Seen], replicas: int) -> list[Action]:
    """Creates for missing replicas, and for rows whose container was never made.

    A replica number is free only when nobody of the generation has it, leaving ones included:
    names are made of it.
    """
    unmade: list[Action] = [Create(generation, s.replica) for s in present if not s.is_made]
    used = {s.replica for s in seen if s.generation == generation}
    free = (n for n in range(replicas + len(used)) if n not in used)
    missing = max(0, replicas - len(present))
    return [*unmade, *(Create(generation, next(free)) for _ in range(missing))]


def _loops(staying: list[Seen]) -> list[Action]:
    return [
        *(TakeOver(s.id) for s in staying if s.is_made and s.is_looping),
        *(GiveBack(s.id) for s in staying if s.is_made and s.is_recovered),
    ]


def _gate(instances: list[Seen]) -> list[Action]:
    return [Gate(s.id) for s in instances if s.is_made and not s.is_gated and s.state not in GONE]


def _routes(seen: list[Seen], serving: frozenset[uuid.UUID]) -> list[Action]:
    routed = frozenset(s.id for s in seen if s.is_routed)
    return [SetRoutes(serving)] if routed != serving else []


def _see_off(going: list[Seen], *, heirs: list[Seen]) -> list[Action]:
    """Mark as leaving first; take the name away if others have it; stop and remove once nobody is
    connected any more."""
    is_inherited = any(s.can_serve for s in heirs)
    actions: list[Action] = []
    for s in going:
        if not s.is_leaving:
            actions.append(Leave(s.id))
        elif s.is_routed:
            continue
        elif is_inherited and s.is_named and s.is_made and s.state == State.RUNNING:
            actions += [Hide(s.id)] if s.is_quiet else []
        elif s.is_drained or s.state in GONE or not s.is_made:
            actions.append(Retire(s.id))
    return actions
