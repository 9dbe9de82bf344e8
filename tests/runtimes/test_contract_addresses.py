"""What every driver must do with addresses: each instance has its own, and can be moved."""

from dataclasses import replace

import pytest

from services.errors import AddressTakenError
from services.runtimes.base import ObservedInstance, State
from tests.runtimes.waiting import only
from tests.runtimes.worlds import StubFence, World


def up(world: World) -> ObservedInstance:
    (instance,) = world.runtime.apply(world.spec(), fence=StubFence())
    return instance


def test_an_address_that_is_taken_is_named(world: World) -> None:
    up(world)
    second = replace(world.slot(1), address=world.address(0))

    with pytest.raises(AddressTakenError):
        world.runtime.apply(world.spec(second), fence=StubFence())

    assert only(world).replica == 0


@pytest.mark.parametrize("is_stopped", [False, True])
def test_an_instance_moves_to_another_address(world: World, is_stopped: bool) -> None:
    before = up(world)
    if is_stopped:
        world.runtime.stop(before.engine_id, grace_s=0, fence=StubFence())

    moved = replace(world.slot(), address=world.address(7))
    world.runtime.apply(world.spec(moved), fence=StubFence())

    after = only(world)
    assert (after.state, after.address) == (State.RUNNING, world.address(7))
    assert after.engine_id == before.engine_id
    assert (after.started_at == before.started_at) is not is_stopped


def test_a_stopped_instance_whose_address_went_to_another_says_so(world: World) -> None:
    before = up(world)
    world.runtime.stop(before.engine_id, grace_s=0, fence=StubFence())
    other = replace(world.slot(1), address=world.address(0))
    world.runtime.apply(world.spec(other), fence=StubFence())

    with pytest.raises(AddressTakenError):
        world.runtime.start(before.engine_id, fence=StubFence())
    with pytest.raises(AddressTakenError):
        world.runtime.apply(world.spec(world.slot()), fence=StubFence())
