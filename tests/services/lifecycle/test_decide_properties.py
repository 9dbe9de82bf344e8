"""Whatever happens between two passes: `decide` breaks no promise and comes to rest."""

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.runtimes.base import State
from tests.services.lifecycle.world import World

BOTH = ("gating", "switched", "reverting")


class AnyWorld(RuleBasedStateMachine):
    """Deploys, scaling, stops, crashes and losses at any moment, with passes in between."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @precondition(lambda self: self.world.rollout is None)
    @rule(replaces_first=st.booleans(), is_sick=st.booleans())
    def deploy(self, *, replaces_first: bool, is_sick: bool) -> None:
        if is_sick:
            self.world.sick.add(self.world.generations + 1)
        self.world.begin(replaces_first=replaces_first)

    @precondition(lambda self: self.world.rollout is None)
    @rule(replicas=st.integers(1, 3))
    def scale(self, replicas: int) -> None:
        self.world.wanted = replace(self.world.wanted, replicas=replicas)

    @rule()
    def stop(self) -> None:
        self.world.rollout = None
        self.world.wanted = replace(self.world.wanted, is_running=False)

    @rule(passes=st.integers(1, 6))
    def work(self, passes: int) -> None:
        for _ in range(passes):
            self.world.step()

    @rule()
    def time_passes(self) -> None:
        self.world.pass_time()

    @precondition(lambda self: self.world.instances)
    @rule(data=st.data(), state=st.sampled_from([State.EXITED, State.DEAD, State.MISSING]))
    def break_one(self, data: st.DataObject, state: State) -> None:
        one = data.draw(st.sampled_from(list(self.world.instances.values())))
        self.world.change(one, state=state)

    @rule()
    def restart_the_engine(self) -> None:
        self.world.restart_engine()

    @precondition(lambda self: self.world.instances)
    @rule(data=st.data(), is_replaceable=st.booleans())
    def fall_ill(self, data: st.DataObject, *, is_replaceable: bool) -> None:
        one = data.draw(st.sampled_from(list(self.world.instances.values())))
        if one.is_gated:
            self.world.change(one, is_unhealthy=True, is_replaceable=is_replaceable)

    @invariant()
    def two_generations_are_routed_only_around_the_switch(self) -> None:
        generations = {one.generation for one in self.world.routed}
        around_the_switch = self.world.rollout and self.world.rollout.phase in BOTH
        assert len(generations) <= (2 if around_the_switch else 1)

    def teardown(self) -> None:
        """Left in peace it comes to rest, exactly as wanted."""
        assert self.world.settle()
        wanted = self.world.wanted
        assert len(self.world.instances) == (wanted.replicas if wanted.is_running else 0)
        assert {one.generation for one in self.world.routed} <= {wanted.generation}
        if wanted.generation not in self.world.sick:
            assert len(self.world.serving) == len(self.world.instances)


class NeverDown(RuleBasedStateMachine):
    """Rolling deploys, good and bad, and scaling: never a moment without service."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.begin()
        assert self.world.settle()

    @precondition(lambda self: self.world.rollout is None)
    @rule()
    def deploy(self) -> None:
        self.world.begin()

    @precondition(lambda self: self.world.rollout is None)
    @rule(replicas=st.integers(1, 4))
    def scale(self, replicas: int) -> None:
        self.world.wanted = replace(self.world.wanted, replicas=replicas)

    @precondition(lambda self: self.world.rollout is None)
    @rule()
    def deploy_what_never_gets_healthy(self) -> None:
        self.world.sick.add(self.world.generations + 1)
        self.world.begin()

    @rule(data=st.data(), state=st.sampled_from([State.EXITED, State.MISSING]))
    def a_new_one_breaks_before_it_serves_alone(self, data: st.DataObject, state: State) -> None:
        rollout = self.world.rollout
        if rollout and rollout.phase in {"starting", "gating", "switched"}:
            new = [
                one
                for one in self.world.instances.values()
                if one.generation == rollout.to_generation
            ]
            if new:
                self.world.change(data.draw(st.sampled_from(new)), state=state)

    @precondition(lambda self: self.world.rollout is None)
    @rule(data=st.data())
    def one_serves_badly(self, data: st.DataObject) -> None:
        if self.world.serving:
            one = data.draw(st.sampled_from(self.world.serving))
            self.world.change(one, is_unhealthy=True, is_replaceable=True)

    @rule()
    def work(self) -> None:
        self.world.step()

    @rule()
    def time_passes(self) -> None:
        self.world.pass_time()

    @invariant()
    def somebody_serves(self) -> None:
        assert self.world.serving

    def teardown(self) -> None:
        assert self.world.settle()
        assert len(self.world.serving) == self.world.wanted.replicas


TestAnyWorld = AnyWorld.TestCase
TestNeverDown = NeverDown.TestCase
TestAnyWorld.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestNeverDown.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
