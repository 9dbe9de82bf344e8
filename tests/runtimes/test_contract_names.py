"""What every driver must do about names inside a network: the fake and a real Docker engine."""

import pytest

from services.errors import FenceLostError
from services.runtimes.base import ObservedInstance, State
from tests.runtimes.waiting import only
from tests.runtimes.worlds import StubFence, World


def up(world: World, replica: int = 0, *, service_id: str = "service-1") -> ObservedInstance:
    spec = world.spec(world.slot(replica), service_id=service_id)
    (instance,) = world.runtime.apply(spec, fence=StubFence())
    return instance


def look(world: World) -> list[ObservedInstance]:
    return world.runtime.observe(world.everything)


def set_names(world: World, engine_id: str, *names: str, fence: StubFence | None = None) -> None:
    [instance] = [one for one in look(world) if one.engine_id == engine_id]
    world.runtime.set_names(
        engine_id,
        world.network.name,
        address=world.address(instance.replica),
        names=names,
        fence=fence or StubFence(),
    )


def test_a_name_leads_to_those_that_were_given_it(world: World) -> None:
    first, second, asker = up(world), up(world, 1), up(world, 9, service_id="service-2")

    def answers() -> set[str]:
        return world.resolve("web", asked_by=asker.engine_id)

    assert answers() == set()
    set_names(world, first.engine_id, "web")
    assert answers() == {first.address}
    set_names(world, second.engine_id, "web")
    set_names(world, second.engine_id, "web")
    assert answers() == {first.address, second.address}
    set_names(world, first.engine_id)
    assert answers() == {second.address}


def test_a_change_of_names_leaves_address_and_process_alone(world: World) -> None:
    before = up(world)

    set_names(world, before.engine_id, "web")

    [after] = look(world)
    assert (after.address, after.started_at) == (before.address, before.started_at)


def test_one_that_was_left_outside_its_network_is_put_back(world: World) -> None:
    """Its worker died between the two calls, or somebody took it out by hand."""
    instance = up(world)
    world.take_out(instance.engine_id)

    (again,) = world.runtime.apply(world.spec(aliases=("web",)), fence=StubFence())

    assert (again.engine_id, again.address) == (instance.engine_id, instance.address)


@pytest.mark.parametrize("left", [0, 1])
def test_no_name_is_given_without_the_fence(world: World, left: int) -> None:
    instance = up(world)

    with pytest.raises(FenceLostError):
        set_names(world, instance.engine_id, "web", fence=StubFence(left=left))

    assert only(world).state is State.RUNNING
    assert world.resolve("web", asked_by=instance.engine_id) == set()
