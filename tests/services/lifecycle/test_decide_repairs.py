"""What is repaired without a rollout: instances that serve badly, and those that keep ending."""

from dataclasses import replace

from services.lifecycle.decide import (
    Create,
    Gate,
    GiveBack,
    Hide,
    Leave,
    Retire,
    Seen,
    SetRoutes,
    TakeOver,
    Wanted,
    decide,
)
from services.runtimes.base import State
from tests.services.lifecycle.world import seen

RUNNING = Wanted(is_running=True, generation=1, replicas=1)


def routes(*instances: Seen) -> SetRoutes:
    return SetRoutes(frozenset(one.id for one in instances))


def worn(replica: int = 0, *, is_leaving: bool = False) -> Seen:
    """Unhealthy, and its turn to be replaced has come; it may have begun to go."""
    return seen(
        replica=replica,
        is_routed=True,
        is_unhealthy=True,
        is_replaceable=True,
        is_leaving=is_leaving,
        is_drained=is_leaving,
    )


def test_an_unhealthy_instance_gets_one_more_beside_it() -> None:
    assert decide(RUNNING, None, [worn()]) == [Create(1, 1)]


def test_it_serves_on_until_the_other_one_passed_its_gate() -> None:
    old, fresh = worn(), seen(replica=1, is_gated=False)

    assert decide(RUNNING, None, [old, fresh]) == [Gate(fresh.id)]


def test_then_the_unhealthy_one_goes() -> None:
    old, fresh = worn(), seen(replica=1)

    assert decide(RUNNING, None, [old, fresh]) == [routes(fresh), Leave(old.id)]


def test_unhealthy_instances_are_replaced_one_after_the_other() -> None:
    wanted = Wanted(is_running=True, generation=1, replicas=2)
    first, second = worn(0), worn(1)

    assert decide(wanted, None, [first, second]) == [Create(1, 2)]
    fresh = seen(replica=2)
    assert decide(wanted, None, [first, second, fresh]) == [
        routes(first, fresh),
        Leave(second.id),
    ]


def test_an_unhealthy_instance_waits_for_the_pause_between_replacements() -> None:
    early = seen(is_routed=True, is_unhealthy=True)

    assert decide(RUNNING, None, [early]) == []


def test_a_replacement_that_is_not_needed_any_more_goes() -> None:
    recovered, fresh = seen(is_routed=True), seen(replica=1, is_gated=False)

    assert decide(RUNNING, None, [recovered, fresh]) == [Leave(fresh.id)]


def test_where_only_one_may_write_the_unhealthy_one_goes_first() -> None:
    wanted = Wanted(is_running=True, generation=1, replicas=1, replaces_first=True)
    old = worn()

    assert decide(wanted, None, [old]) == [routes(), Leave(old.id)]
    leaving = worn(is_leaving=True)
    assert decide(wanted, None, [leaving]) == [routes()]
    assert decide(wanted, None, []) == [Create(1, 0)]


def test_one_that_goes_loses_its_name_before_it_ends() -> None:
    """Others have the name by then, so nobody meets one that is being stopped."""
    heir = seen(replica=1, is_routed=True)
    named = seen(replica=0, is_leaving=True, is_named=True, is_quiet=True, is_drained=True)

    assert decide(RUNNING, None, [heir, named]) == [Hide(named.id)]
    assert decide(RUNNING, None, [heir, replace(named, is_named=False)]) == [Retire(named.id)]


def test_a_name_is_not_taken_away_under_a_request() -> None:
    busy = seen(replica=0, is_leaving=True, is_named=True)

    assert decide(RUNNING, None, [seen(replica=1, is_routed=True), busy]) == []


def test_the_last_one_keeps_its_name_to_the_end() -> None:
    last = seen(is_leaving=True, is_named=True, is_quiet=True, is_drained=True)
    stopped = Wanted(is_running=False, generation=1, replicas=1)

    assert decide(stopped, None, [last]) == [Retire(last.id)]


def test_what_ends_again_and_again_is_taken_over() -> None:
    looping = seen(state=State.RESTARTING, is_looping=True, is_gated=False)

    assert decide(RUNNING, None, [looping]) == [TakeOver(looping.id)]


def test_what_stayed_up_is_given_back() -> None:
    well = seen(is_routed=True, is_recovered=True)

    assert decide(RUNNING, None, [well]) == [GiveBack(well.id)]
