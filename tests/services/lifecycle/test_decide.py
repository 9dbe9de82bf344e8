"""The order of a rollout and the repair of drift, rule by rule."""

import pytest

from services.lifecycle.decide import (
    Action,
    Advance,
    Create,
    Forget,
    Gate,
    Leave,
    Progress,
    Retire,
    Seen,
    SetRoutes,
    Start,
    Wanted,
    decide,
)
from services.runtimes.base import State
from tests.services.lifecycle.world import seen

RUNNING = Wanted(is_running=True, generation=1, replicas=1)
DEPLOYING = Wanted(is_running=True, generation=2, replicas=1)
STOPPED = Wanted(is_running=False, generation=1, replicas=1)


def rollout(phase: str, **facts: bool | None) -> Progress:
    """From generation 1 to 2."""
    return Progress(**{"phase": phase, "to_generation": 2, "from_generation": 1, **facts})  # type: ignore[arg-type]


def routes(*instances: Seen) -> SetRoutes:
    return SetRoutes(frozenset(one.id for one in instances))


# Without a rollout: what is wanted is kept.


def test_what_is_as_wanted_is_left_alone() -> None:
    assert decide(RUNNING, None, [seen(is_routed=True)]) == []


def test_a_missing_replica_is_made() -> None:
    assert decide(RUNNING, None, []) == [Create(1, 0)]


def test_an_instance_that_the_engine_lost_is_replaced_under_another_number() -> None:
    lost = seen(state=State.MISSING)

    assert decide(RUNNING, None, [lost]) == [Forget(lost.id), Create(1, 1)]


def test_a_dead_instance_is_replaced_like_a_lost_one() -> None:
    dead = seen(state=State.DEAD, is_routed=True)

    assert decide(RUNNING, None, [dead]) == [Forget(dead.id), Create(1, 1), routes()]


def test_a_stopped_instance_is_started_and_gets_no_traffic_meanwhile() -> None:
    exited = seen(state=State.EXITED, is_routed=True)

    assert decide(RUNNING, None, [exited]) == [Start(exited.id), routes()]


def test_a_crash_looper_waits_for_its_backoff() -> None:
    exited = seen(state=State.EXITED, is_due=False)

    assert decide(RUNNING, None, [exited]) == []


def test_a_new_process_passes_its_gate_before_it_is_routed() -> None:
    fresh = seen(is_gated=False)

    assert decide(RUNNING, None, [fresh]) == [Gate(fresh.id)]


def test_an_instance_that_passed_its_gate_is_routed() -> None:
    ready = seen()

    assert decide(RUNNING, None, [ready]) == [routes(ready)]


def test_a_row_whose_container_was_never_made_is_made_again_under_its_number() -> None:
    unmade = seen(replica=3, is_made=False, is_gated=False, state=State.CREATED)

    assert decide(RUNNING, None, [unmade]) == [Create(1, 3)]


def test_scaling_up_uses_free_numbers_only() -> None:
    wanted = Wanted(is_running=True, generation=1, replicas=3)
    first, leaving = seen(replica=0, is_routed=True), seen(replica=1, is_leaving=True)

    assert decide(wanted, None, [first, leaving]) == [Create(1, 2), Create(1, 3)]


def test_scaling_down_takes_the_highest_numbers_out_first() -> None:
    first, second = seen(replica=0, is_routed=True), seen(replica=1, is_routed=True)

    assert decide(RUNNING, None, [second, first]) == [routes(first), Leave(second.id)]


def test_scaling_down_keeps_what_serves() -> None:
    broken = seen(replica=0, is_gated=False)
    good = seen(replica=1, is_routed=True)

    assert decide(RUNNING, None, [broken, good]) == [Leave(broken.id)]


def test_one_that_leaves_is_never_taken_back() -> None:
    leaving = seen(is_leaving=True)

    assert Create(1, 1) in decide(RUNNING, None, [leaving])


def test_instances_of_another_generation_are_seen_off() -> None:
    mine, old = seen(1, is_routed=True), seen(0)

    assert decide(RUNNING, None, [mine, old]) == [Leave(old.id)]


def test_stopping_takes_it_out_of_the_router_and_marks_it() -> None:
    one = seen(is_routed=True)

    assert decide(STOPPED, None, [one]) == [routes(), Leave(one.id)]


def test_stopping_waits_until_nobody_is_connected() -> None:
    assert decide(STOPPED, None, [seen(is_leaving=True)]) == []


def test_stopping_ends_what_is_drained() -> None:
    drained = seen(is_leaving=True, is_drained=True)

    assert decide(STOPPED, None, [drained]) == [Retire(drained.id)]


def test_what_is_still_routed_is_not_retired() -> None:
    leaving = seen(is_leaving=True, is_drained=True, is_routed=True)

    assert decide(STOPPED, None, [leaving]) == [routes()]


@pytest.mark.parametrize("state", [State.EXITED, State.DEAD, State.MISSING])
def test_what_has_ended_need_not_drain(state: State) -> None:
    gone = seen(is_leaving=True, state=state)

    assert decide(STOPPED, None, [gone]) == [Retire(gone.id)]


# A rollout, phase by phase.


def test_starting_makes_the_new_beside_the_old() -> None:
    old = seen(1, is_routed=True)

    assert decide(DEPLOYING, rollout("starting"), [old]) == [Create(2, 0)]


def test_starting_makes_as_many_as_are_wanted() -> None:
    wanted = Wanted(is_running=True, generation=2, replicas=2)

    assert decide(wanted, rollout("starting"), []) == [Create(2, 0), Create(2, 1)]


def test_starting_is_over_when_all_exist() -> None:
    assert decide(DEPLOYING, rollout("starting"), [seen(2)]) == [Advance("gating")]


def test_an_instance_that_ends_while_starting_turns_the_rollout_back() -> None:
    failed = seen(2, state=State.EXITED, is_gated=False)

    actions = decide(DEPLOYING, rollout("starting"), [seen(1, is_routed=True), failed])

    assert actions == [Advance("reverting", failed=failed.id)]


def test_recreate_ends_the_old_before_it_makes_the_new() -> None:
    old = seen(1, is_routed=True)
    recreate = rollout("starting", replaces_first=True)

    assert decide(DEPLOYING, recreate, [old]) == [routes(), Leave(old.id)]
    assert decide(DEPLOYING, recreate, []) == [Create(2, 0)]


def test_what_an_earlier_failure_left_goes_before_the_new_is_made() -> None:
    left_over, old = seen(7, is_routed=True), seen(is_routed=True)

    assert decide(DEPLOYING, rollout("starting"), [left_over, old]) == [
        routes(old),
        Leave(left_over.id),
    ]


def test_what_an_earlier_failure_left_is_never_routed_again() -> None:
    left_over, old, new = seen(7, is_leaving=True), seen(is_routed=True), seen(2)

    actions = decide(DEPLOYING, rollout("gating"), [left_over, old, new])

    assert actions == [routes(old, new), Advance("switched")]


def test_gating_asks_those_that_have_not_passed() -> None:
    ready, waiting = seen(2, 0), seen(2, 1, is_gated=False)
    wanted = Wanted(is_running=True, generation=2, replicas=2)

    assert decide(wanted, rollout("gating"), [ready, waiting]) == [Gate(waiting.id)]


def test_gating_goes_back_to_starting_when_a_replica_is_gone() -> None:
    wanted = Wanted(is_running=True, generation=2, replicas=2)

    assert decide(wanted, rollout("gating"), [seen(2)]) == [Advance("starting")]


def test_an_instance_that_dies_at_the_gate_turns_the_rollout_back() -> None:
    failed = seen(2, state=State.EXITED, is_gated=False)

    assert decide(DEPLOYING, rollout("gating"), [failed]) == [
        Advance("reverting", failed=failed.id)
    ]


def test_an_instance_that_was_interrupted_at_the_gate_is_started_again() -> None:
    stopped = seen(2, state=State.EXITED, is_gated=False, is_interrupted=True)

    assert decide(DEPLOYING, rollout("gating"), [stopped]) == [Start(stopped.id)]
    assert decide(DEPLOYING, rollout("starting"), [stopped]) == [Advance("gating")]


def test_an_instance_at_the_gate_that_must_be_made_again_is_made_again() -> None:
    unmade = seen(2, is_made=False, is_gated=False)

    assert decide(DEPLOYING, rollout("gating"), [unmade]) == [Advance("starting")]


def test_after_the_gate_both_are_routed() -> None:
    old, new = seen(1, is_routed=True), seen(2)

    assert decide(DEPLOYING, rollout("gating"), [old, new]) == [
        routes(old, new),
        Advance("switched"),
    ]


def test_then_the_old_is_taken_out_of_the_router_and_kept_running() -> None:
    old, new = seen(1, is_routed=True), seen(2, is_routed=True)

    assert decide(DEPLOYING, rollout("switched"), [old, new]) == [
        routes(new),
        Advance("settling"),
    ]


@pytest.mark.parametrize("state", [State.EXITED, State.MISSING])
def test_a_new_one_that_dies_at_the_switch_never_serves_alone(state: State) -> None:
    old, new = seen(1, is_routed=True), seen(2, is_routed=True, state=state)

    assert decide(DEPLOYING, rollout("switched"), [old, new]) == [
        Advance("reverting", failed=new.id)
    ]


def test_settling_waits() -> None:
    assert decide(DEPLOYING, rollout("settling"), [seen(1), seen(2, is_routed=True)]) == []


def test_settled_goes_on_to_draining() -> None:
    new = seen(2, is_routed=True)

    assert decide(DEPLOYING, rollout("settling", is_settled=True), [seen(1), new]) == [
        Advance("draining")
    ]


@pytest.mark.parametrize(
    "broken",
    [
        seen(2, state=State.EXITED),
        seen(2, state=State.MISSING),
        seen(2, is_unhealthy=True),
        seen(2, is_gated=False, has_crashed=True),
    ],
    ids=["exited", "removed", "unhealthy", "restarted by the engine"],
)
def test_a_release_that_does_not_settle_is_turned_back(broken: Seen) -> None:
    actions = decide(DEPLOYING, rollout("settling", is_settled=True), [seen(1), broken])

    assert actions == [Advance("reverting", failed=broken.id)]


def test_a_restart_of_the_engine_at_the_switch_fails_no_release() -> None:
    old, new = seen(1, is_routed=True, is_gated=False), seen(2, is_routed=True, is_gated=False)

    assert decide(DEPLOYING, rollout("switched"), [old, new]) == [Gate(new.id), routes()]


def test_a_restart_of_the_engine_while_settling_fails_no_release() -> None:
    old, new = seen(1), seen(2, is_routed=True, is_gated=False)

    settling = rollout("settling", is_settled=True)

    assert decide(DEPLOYING, settling, [old, new]) == [Gate(new.id), routes(old)]


@pytest.mark.parametrize("phase", ["switched", "settling"])
def test_what_was_put_down_only_just_is_waited_for_while_the_old_serve(phase: str) -> None:
    old = seen(1)
    new = seen(2, is_routed=True, state=State.EXITED, is_interrupted=True)

    settled = rollout(phase, is_settled=True)

    assert decide(DEPLOYING, settled, [old, new]) == [routes(old)]


@pytest.mark.parametrize("phase", ["switched", "settling", "draining"])
def test_what_somebody_took_away_is_made_good_while_the_old_serve(phase: str) -> None:
    old = seen(1, is_routed=True)
    paused = seen(2, state=State.PAUSED, is_made=False)

    assert decide(DEPLOYING, rollout(phase, is_settled=True), [old, paused]) == [Create(2, 0)]


def test_the_old_do_not_serve_on_for_ever() -> None:
    old, new = seen(1, is_routed=True), seen(2, is_gated=False)

    actions = decide(DEPLOYING, rollout("draining", is_overdue=True), [old, new])

    assert actions == [Gate(new.id), routes(), Leave(old.id)]


def test_draining_sees_the_old_off() -> None:
    old, new = seen(1), seen(2, is_routed=True)

    assert decide(DEPLOYING, rollout("draining"), [old, new]) == [Leave(old.id)]


def test_draining_is_done_when_the_old_are_gone() -> None:
    new = seen(2, is_routed=True)

    assert decide(DEPLOYING, rollout("draining"), [new]) == [Advance("done")]


def test_drift_is_repaired_while_the_old_ones_drain() -> None:
    old, lost = seen(1, is_leaving=True), seen(2, state=State.MISSING)

    assert decide(DEPLOYING, rollout("draining"), [old, lost]) == [Forget(lost.id), Create(2, 1)]


def test_reverting_routes_the_old_and_sees_the_new_off() -> None:
    old, new = seen(1), seen(2, is_routed=True, state=State.EXITED)

    assert decide(RUNNING, rollout("reverting"), [old, new]) == [routes(old), Leave(new.id)]


def test_reverting_first_restores_the_old_where_it_is_broken() -> None:
    old, new = seen(1, state=State.EXITED), seen(2)

    assert decide(RUNNING, rollout("reverting"), [old, new]) == [Start(old.id)]


def test_reverting_makes_old_instances_that_are_lost_anew() -> None:
    old = seen(1, state=State.MISSING)

    assert decide(RUNNING, rollout("reverting"), [old, seen(2)]) == [Forget(old.id), Create(1, 1)]


def test_reverting_a_recreate_clears_the_new_away_first() -> None:
    recreate = rollout("reverting", replaces_first=True)
    new = seen(2, state=State.EXITED)

    assert decide(RUNNING, recreate, [new]) == [Leave(new.id)]
    assert decide(RUNNING, recreate, []) == [Create(1, 0)]


def test_a_first_deploy_that_fails_leaves_nothing() -> None:
    first = rollout("reverting", from_generation=None)
    new = seen(2, state=State.EXITED)

    assert decide(STOPPED, first, [new]) == [Leave(new.id)]
    assert decide(STOPPED, first, []) == [Advance("done")]


def test_reverting_gives_up_on_an_old_release_that_does_not_come_back() -> None:
    late = rollout("reverting", is_overdue=True)
    old, new = seen(1, is_gated=False), seen(2)

    assert decide(RUNNING, late, [old, new]) == [Leave(new.id)]
    assert decide(RUNNING, late, [old]) == [Advance("done")]


def test_one_of_the_new_generation_that_leaves_does_not_count_as_new() -> None:
    leaving: list[Seen] = [seen(2, is_leaving=True)]
    actions: list[Action] = decide(DEPLOYING, rollout("starting"), leaving)

    assert actions == [Create(2, 1)]
