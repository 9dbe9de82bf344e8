"""A model of the world for `decide`: instances that start, die and vanish, and a router."""

import uuid
from dataclasses import dataclass, field, replace

from services.lifecycle import decide as d
from services.lifecycle.decide import Action, Progress, Seen, Wanted, decide
from services.runtimes.base import State


def seen(generation: int = 1, replica: int = 0, **facts: bool | State) -> Seen:
    """A running instance that passed its gate, unless said otherwise."""
    said: dict[str, bool | State] = {"state": State.RUNNING, "is_gated": True, **facts}
    return Seen(id=uuid.uuid4(), generation=generation, replica=replica, **said)  # type: ignore[arg-type]


@dataclass
class World:
    """What the database, the engine and the router hold of one service.

    `sick` has the generations whose instances never pass their gate, `single` says of which only
    one instance may write at a time.
    """

    wanted: Wanted = field(default_factory=lambda: Wanted(False, 0, 1))
    rollout: Progress | None = None
    instances: dict[uuid.UUID, Seen] = field(default_factory=dict)
    sick: set[int] = field(default_factory=set)
    single: dict[int, bool] = field(default_factory=dict)
    generations: int = 0
    outcome: str = ""
    came_from: Wanted = field(default_factory=lambda: Wanted(False, 0, 1))

    def begin(self, *, replaces_first: bool = False) -> None:
        """What a deploy writes."""
        self.generations += 1
        self.single[self.generations] = replaces_first
        self.came_from = self.wanted
        self.rollout = Progress(
            phase="starting",
            to_generation=self.generations,
            from_generation=self.wanted.generation if self.wanted.is_running else None,
            replaces_first=replaces_first,
        )
        self.wanted = replace(self.wanted, is_running=True, generation=self.generations)

    def step(self) -> list[Action]:
        """One pass: decide, and carry out."""
        wanted = replace(self.wanted, replaces_first=self.single.get(self.wanted.generation, False))
        actions = decide(wanted, self.rollout, self.instances.values())
        for action in actions:
            self._apply(action)
        return actions

    def settle(self, passes: int = 60) -> bool:
        """Pass until nothing is to be done; whether that was reached."""
        for _ in range(passes):
            self.pass_time()
            if not self.step() and self.rollout is None:
                return True
        return False

    def pass_time(self) -> None:
        """Connections end, and a settling release has settled."""
        for one in list(self.instances.values()):
            self.put(replace(one, is_quiet=one.is_leaving, is_drained=one.is_leaving))
        if self.rollout:
            self.rollout = replace(self.rollout, is_settled=True)

    def restart_engine(self) -> None:
        """What ran is started again, and has to show once more that it can serve."""
        for one in list(self.instances.values()):
            if one.state == State.RUNNING:
                self.change(one, is_gated=False)

    def put(self, one: Seen) -> None:
        self.instances[one.id] = one

    def change(self, one: Seen, **facts: bool | State) -> None:
        self.put(replace(one, **facts))  # type: ignore[arg-type]

    @property
    def routed(self) -> list[Seen]:
        return [one for one in self.instances.values() if one.is_routed]

    @property
    def serving(self) -> list[Seen]:
        """Routed and really able to answer."""
        return [one for one in self.routed if one.state == State.RUNNING and one.is_gated]

    @property
    def staying(self) -> list[Seen]:
        return [one for one in self.instances.values() if not one.is_leaving]

    def _apply(self, action: Action) -> None:
        match action:
            case d.Create():
                self._create(action)
            case d.SetRoutes(ids):
                for one in list(self.instances.values()):
                    self.change(one, is_routed=one.id in ids and not one.is_leaving)
            case d.Advance(phase):
                self._advance(phase)
            case d.TakeOver(id):
                self.change(self.instances[id], is_looping=False)
            case d.GiveBack(id):
                self.change(self.instances[id], is_recovered=False)
            case d.Start() | d.Gate() | d.Leave() | d.Hide() | d.Retire() | d.Forget():
                self._apply_to_one(action, self.instances[action.id])

    def _apply_to_one(self, action: Action, one: Seen) -> None:
        match action:
            case d.Start():
                self.change(one, state=State.RUNNING, is_gated=False)
            case d.Gate():
                self._gate(one)
            case d.Leave():
                self.change(one, is_leaving=True)
            case d.Hide():
                assert one.is_leaving
                self.change(one, is_named=False)
            case d.Retire():
                assert one.is_leaving
                assert not one.is_routed
                assert not (one.is_named and one.state == State.RUNNING and self._has_heirs(one))
                del self.instances[one.id]
            case d.Forget():
                del self.instances[one.id]

    def _has_heirs(self, leaving: Seen) -> bool:
        """Whether others of the generation that stays serve in its place."""
        heirs = [one for one in self.staying if one.generation == self.wanted.generation]
        return self.wanted.is_running and any(one.can_serve for one in heirs if one != leaving)

    def _create(self, action: d.Create) -> None:
        same = [
            one
            for one in self.instances.values()
            if (one.generation, one.replica) == (action.generation, action.replica)
        ]
        assert not any(one.is_made for one in same), "the name is in use"
        for one in same:
            del self.instances[one.id]
        self.put(seen(action.generation, action.replica, is_gated=False))

    def _gate(self, one: Seen) -> None:
        if one.generation not in self.sick:
            self.change(one, is_gated=True, is_named=True)
        elif self.rollout and self.rollout.phase in {"gating", "switched", "settling"}:
            self._advance("reverting")  # the deadline of the step

    def _advance(self, phase: str) -> None:
        assert self.rollout is not None
        if phase == "reverting":
            old = self.rollout.from_generation
            self.wanted = replace(self.came_from, replicas=self.wanted.replicas)
            if old is not None:
                self.wanted = replace(self.wanted, generation=old)
        if phase == "done":
            self.outcome = "failed" if self.rollout.phase == "reverting" else "succeeded"
            self.rollout = None
        else:
            self.rollout = replace(self.rollout, phase=phase, is_settled=False)
