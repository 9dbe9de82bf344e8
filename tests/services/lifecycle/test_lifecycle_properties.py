"""Verbs, workers and faults in any order, one engine call at a time: what is promised holds."""

import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from services.errors import KyozoError, RouterError
from services.lifecycle import engine
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import cancel
from services.lifecycle.remove import remove
from services.lifecycle.restart import restart
from services.lifecycle.rollback import rollback
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.lifecycle.tasks import sweep
from services.lifecycle.update import change_service
from services.models import WantedState
from services.runtimes import RUNTIMES
from services.runtimes.fake_engine import Box
from tests.services.lifecycle.one_service import OneService, carry_on
from tests.services.lifecycle.stepped import Clock, SteppedRouter, SteppedRuntime, Worker
from tests.services.lifecycle.working import bring_up, change, image_of

MOST_WORKERS = 3
FEW, MANY = st.integers(0, 15), st.integers(0, 80)


def leave_standing(engine: SteppedRuntime, box: Box) -> None:
    """As it is in the middle of a change of names."""
    engine.engine.pause(box)
    engine.disconnect(box.engine_id)


HARM: dict[str, Callable[[SteppedRuntime, Box], object]] = {
    "dies": lambda engine, box: engine.die(box.engine_id),
    "runs out of memory": lambda engine, box: engine.die(box.engine_id, oom=True),
    "is stopped by hand": lambda engine, box: engine.engine.stop(box),
    "is removed by hand": lambda engine, box: engine.lose(box.engine_id),
    "is paused": lambda engine, box: engine.engine.pause(box),
    "is left by a worker that died": leave_standing,
    "is taken out of its network": lambda engine, box: engine.disconnect(box.engine_id),
    "does not answer": lambda engine, box: engine.unhealthy.add(box.engine_id),
}


class Kyozo(RuleBasedStateMachine):
    """`is_undisturbed`: since the last rest nobody asked to stop and no serving instance was hurt,
    so there is no excuse for a moment without an answer."""

    folder: ClassVar[Path]
    patch: ClassVar[pytest.MonkeyPatch]

    def __init__(self) -> None:
        super().__init__()
        self.left_behind = ExitStack()
        traveller = self.left_behind.enter_context(
            time_machine.travel(datetime.now(UTC), tick=False)
        )
        clock = Clock(traveller.shift)
        self.left_behind.enter_context(transaction.atomic())
        self.patch.setattr(time, "sleep", clock.sleep)
        self.patch.setattr(time, "monotonic", clock.monotonic)
        self.clock = clock
        self.web = OneService(clock, self.folder)
        self.is_there = True
        self.most_replicas = 1
        bring_up(self.web.row)
        self.is_undisturbed = True

    @precondition(lambda self: self.is_there)
    @rule(is_sick=st.booleans(), pauses=MANY)
    def deploy(self, *, is_sick: bool, pauses: int) -> None:
        change(self.web.row)
        if is_sick:
            self.web.engine.unhealthy.add(image_of(self.web.row))
        self._ask(lambda: deploy(self.web.row, actor="alice"), pauses)

    @precondition(lambda self: self.is_there)
    @rule(value=st.integers(0, 9), pauses=MANY)
    def change_what_deploys_by_itself(self, value: int, pauses: int) -> None:
        fields = {"environment": {"A": str(value)}, "deployment_config": {"auto_deploy": True}}
        change_service(self.web.row, fields=fields, is_merge=True, actor="alice")
        assert self.web.row.environment == {"A": str(value)}
        self._go_on(self._somebody(), pauses)

    @precondition(lambda self: self.is_there)
    @rule(replicas=st.integers(1, 3), pauses=MANY)
    def scale(self, replicas: int, pauses: int) -> None:
        self._ask(lambda: scale(self.web.row, replicas=replicas, actor="alice"), pauses)

    @precondition(lambda self: self.is_there)
    @rule(pauses=MANY)
    def restart(self, pauses: int) -> None:
        self._ask(lambda: restart(self.web.row, actor="alice"), pauses)

    @precondition(lambda self: self.is_there)
    @rule(pauses=MANY)
    def roll_back(self, pauses: int) -> None:
        self._ask(lambda: rollback(self.web.row, to=None, actor="alice"), pauses)

    @precondition(lambda self: self.is_there)
    @rule(pauses=MANY)
    def start(self, pauses: int) -> None:
        self._ask(lambda: start(self.web.row, actor="alice"), pauses)

    @precondition(lambda self: self.is_there)
    @rule(pauses=MANY)
    def stop(self, pauses: int) -> None:
        self.is_undisturbed = False
        self._ask(lambda: stop(self.web.row, actor="alice"), pauses)

    @precondition(lambda self: self.is_there and self.web.row.operations.count() > 4)
    @rule(pauses=MANY)
    def remove(self, pauses: int) -> None:
        self.is_there = self.is_undisturbed = False
        self._ask(lambda: remove(self.web.row, actor="alice"), pauses)

    @rule(pauses=FEW)
    def cancel(self, pauses: int) -> None:
        if operation := self.web.newest_open:
            self._ask(lambda: cancel(operation, actor="alice"), pauses)

    @precondition(lambda self: len(self.web.at_work) < MOST_WORKERS)
    @rule(work=st.sampled_from([carry_on, sweep]), pauses=MANY)
    def somebody_else_works(self, work: Callable[[], object], pauses: int) -> None:
        self._go_on(self.web.hire(work), pauses)

    @rule(who=st.integers(0, MOST_WORKERS - 1), pauses=MANY)
    def somebody_is_heard_of_again(self, who: int, pauses: int) -> None:
        if self.web.at_work:
            self._go_on(self.web.at_work[who % len(self.web.at_work)], pauses)

    @rule(pauses=FEW)
    def everybody_was_silent_for_too_long(self, pauses: int) -> None:
        self.web.lose_leases()
        self._go_on(self.web.hire(carry_on), pauses)

    @rule(seconds=st.sampled_from([1, 5, 30]))
    def time_passes(self, seconds: int) -> None:
        self.clock.move(seconds)

    @rule(pauses=FEW)
    def the_engine_is_away_for_a_while(self, pauses: int) -> None:
        self.web.engine.unreachable = True
        self._go_on(self._somebody(), pauses)
        self.web.engine.unreachable = False

    @precondition(lambda self: not self.web.router.is_refusing)
    @rule(pauses=FEW)
    def the_router_refuses_once(self, pauses: int) -> None:
        self.web.router.fail_next(RouterError("the router did not take the table"))
        self._go_on(self._somebody(), pauses)

    @precondition(lambda self: self.web.running)
    @rule(which=st.integers(0, 9), how=st.sampled_from(sorted(HARM)), pauses=FEW)
    def one_breaks(self, which: int, how: str, pauses: int) -> None:
        running = self.web.running
        instance = sorted(running, key=lambda one: running[one].name)[which % len(running)]
        if instance in self.web.named:
            self.is_undisturbed = False
        HARM[how](self.web.engine, running[instance])
        self._go_on(self._somebody(), pauses)

    @rule()
    def rest(self) -> None:
        self.web.rest()
        self._is_what_was_asked_for()
        self.is_undisturbed = bool(self.web.answering)
        self.most_replicas = self.web.row.wanted_replicas

    # What is promised.

    @invariant()
    def somebody_answers(self) -> None:
        assert self.web.answering or not self.is_undisturbed

    @invariant()
    def no_more_run_than_wanted_twice(self) -> None:
        assert len(self.web.running) <= 2 * self.most_replicas

    def teardown(self) -> None:
        try:
            self.rest()
        finally:
            self.web.close()
            transaction.set_rollback(True)
            self.left_behind.close()

    def _is_what_was_asked_for(self) -> None:
        service = self.web.row
        ended = service.operations.order_by("ended_at")
        assert not ended.filter(error__code="internal_error").exists()
        came_up = ended.filter(state="succeeded").exclude(release=None).last()
        if came_up and service.wanted_state == WantedState.RUNNING:
            assert service.wanted_release == came_up.release
        if (last := ended.last()) and (last.kind, last.state) == ("stop", "succeeded"):
            assert service.wanted_state == WantedState.STOPPED
        images = {box.spec.image for box in self.web.running.values() if box.spec}
        assert images <= {service.wanted_release and service.wanted_release.image_digest}

    def _ask(self, verb: Callable[[], object], pauses: int) -> None:
        with suppress(KyozoError):
            verb()
        self.most_replicas = max(self.most_replicas, self.web.row.wanted_replicas)
        self._go_on(self._somebody(), pauses)

    def _somebody(self) -> Worker:
        """Whoever came last: those before may never be heard of again."""
        return next(reversed(self.web.at_work), None) or self.web.hire(carry_on)

    def _go_on(self, worker: Worker, pauses: int) -> None:
        for _ in range(pauses):
            if not worker.is_done:
                self._step(worker)

    def _step(self, worker: Worker) -> None:
        running, named = set(self.web.running), set(self.web.named)
        self.clock.move(0.001)
        worker.step()
        ended = running - set(self.web.running)
        assert not ended & named, "ended by us while the router names it"
        self.somebody_answers()
        self.no_more_run_than_wanted_twice()


@pytest.mark.timeout(300)
def test_what_is_promised_holds(
    db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KYOZO = {**settings.KYOZO, "SETTLE_S": 2, "DRAIN_S": 3, "LEASE_S": 36_000}
    Kyozo.folder, Kyozo.patch = tmp_path, monkeypatch
    engine.forget()
    monkeypatch.setitem(RUNTIMES, "fake", "tests.services.lifecycle.stepped.SteppedRuntime")
    monkeypatch.setattr(engine, "MemoryRouter", SteppedRouter)
    connection.inc_thread_sharing()
    try:
        run_state_machine_as_test(
            Kyozo,
            settings=effort(
                max_examples=12, stateful_step_count=30, deadline=None, derandomize=True
            ),
        )
    finally:
        connection.dec_thread_sharing()
