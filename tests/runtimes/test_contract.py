"""What every driver must do, in full: the same suite over the fake and a real Docker engine."""

import time

import pytest

from services.errors import EngineError, EngineNotFoundError, FenceLostError
from services.runtimes.base import Network, ObservedInstance, PublishedPort, Selector, State
from tests.runtimes.waiting import only, until, until_state
from tests.runtimes.worlds import StubFence, World

MISSING = "f" * 64


def up(world: World) -> ObservedInstance:
    (instance,) = world.runtime.apply(world.spec(), fence=StubFence())
    return instance


def codes(caught: pytest.ExceptionInfo[EngineError]) -> str:
    return caught.value.error_code


def test_the_engine_says_who_it_is(world: World) -> None:
    info = world.runtime.info()

    assert info.version
    assert info.platform.startswith("linux/")


def test_every_slot_comes_up_as_it_was_asked_for(world: World) -> None:
    seen = world.runtime.apply(world.spec(world.slot(0), world.slot(1)), fence=StubFence(token=9))

    assert {one.address for one in seen} == {world.address(0), world.address(1)}
    assert {one.name for one in seen} == {world.name(0), world.name(1)}
    first = next(one for one in seen if one.replica == 0)
    assert (first.state, first.instance_id, first.service_id) == (
        State.RUNNING,
        "instance-0",
        "service-1",
    )
    assert (first.generation, first.fence, first.exit_code, first.restarts) == (3, 9, None, 0)
    assert first.started_at is not None


def test_applying_twice_changes_nothing(world: World) -> None:
    first = up(world)

    again = up(world)

    assert again.engine_id == first.engine_id
    assert again.started_at == first.started_at


def test_applying_starts_what_was_stopped(world: World) -> None:
    first = up(world)
    world.runtime.stop(first.engine_id, grace_s=1, fence=StubFence())

    again = up(world)

    assert (again.engine_id, again.state) == (first.engine_id, State.RUNNING)


def test_a_leftover_of_another_instance_is_replaced(world: World) -> None:
    old = up(world)

    (new,) = world.runtime.apply(
        world.spec(world.slot(instance_id="instance-new")), fence=StubFence()
    )

    assert new.engine_id != old.engine_id
    assert only(world).instance_id == "instance-new"


def test_a_foreign_container_of_our_name_is_refused_and_left_alone(world: World) -> None:
    foreign = world.add_foreign(world.name())

    with pytest.raises(EngineError) as caught:
        up(world)

    assert codes(caught) == "engine.name_taken"
    assert world.exists(foreign)


def test_a_foreign_container_is_not_removed_by_its_id(world: World) -> None:
    foreign = world.add_foreign(f"{world.install}-foreign")

    with pytest.raises(EngineError) as caught:
        world.runtime.remove(foreign, fence=StubFence())

    assert codes(caught) == "engine.foreign"
    assert world.exists(foreign)


def test_nothing_is_created_without_the_fence(world: World) -> None:
    with pytest.raises(FenceLostError):
        world.runtime.apply(world.spec(), fence=StubFence(left=0))

    assert world.runtime.observe(world.everything) == []


def test_nothing_is_started_when_the_fence_goes_after_creating(world: World) -> None:
    with pytest.raises(FenceLostError):
        world.runtime.apply(world.spec(), fence=StubFence(left=1))

    assert only(world).state is State.CREATED


def test_what_was_created_and_never_started_is_taken_up(world: World) -> None:
    with pytest.raises(FenceLostError):
        world.runtime.apply(world.spec(), fence=StubFence(left=1))
    created = only(world)

    assert up(world).engine_id == created.engine_id


@pytest.mark.parametrize("verb", ["stop", "remove", "promote", "demote"])
def test_nothing_is_touched_without_the_fence(world: World, verb: str) -> None:
    instance = up(world)
    arguments = {"grace_s": 1} if verb == "stop" else {}

    with pytest.raises(FenceLostError):
        getattr(world.runtime, verb)(instance.engine_id, fence=StubFence(left=0), **arguments)

    assert only(world).state is State.RUNNING


def test_stopping_twice_is_harmless_and_starting_brings_it_back(world: World) -> None:
    engine_id = up(world).engine_id

    world.runtime.stop(engine_id, grace_s=1, fence=StubFence())
    world.runtime.stop(engine_id, grace_s=1, fence=StubFence())
    assert only(world).state is State.EXITED
    world.runtime.start(engine_id, fence=StubFence())

    assert only(world).state is State.RUNNING


def test_removing_twice_and_stopping_what_is_gone_is_harmless(world: World) -> None:
    engine_id = up(world).engine_id

    world.runtime.remove(engine_id, fence=StubFence())
    world.runtime.remove(engine_id, fence=StubFence())
    world.runtime.stop(engine_id, grace_s=1, fence=StubFence())

    assert world.runtime.observe(world.everything) == []


def test_starting_or_promoting_what_is_gone_says_so(world: World) -> None:
    with pytest.raises(EngineNotFoundError):
        world.runtime.start(MISSING, fence=StubFence())
    with pytest.raises(EngineNotFoundError):
        world.runtime.promote(MISSING, fence=StubFence())


def test_a_new_instance_that_crashes_stays_down_and_shows_its_exit_code(world: World) -> None:
    world.crash(up(world).engine_id)

    ended = until_state(world, State.EXITED)

    assert (ended.exit_code, ended.restarts, ended.address) == (137, 0, "")
    assert ended.finished_at is not None


def test_a_promoted_instance_comes_back_and_is_counted(world: World) -> None:
    engine_id = up(world).engine_id
    world.runtime.promote(engine_id, fence=StubFence())

    world.crash(engine_id)

    until(lambda: only(world).restarts == 1 and only(world).state is State.RUNNING)


def test_a_demoted_instance_stays_down(world: World) -> None:
    engine_id = up(world).engine_id
    world.runtime.promote(engine_id, fence=StubFence())
    world.runtime.demote(engine_id, fence=StubFence())

    world.crash(engine_id)

    assert until_state(world, State.EXITED).restarts == 0


def test_a_command_that_ends_at_once_is_seen_with_its_exit_code(world: World) -> None:
    world.runtime.apply(world.spec(command=("false",)), fence=StubFence())

    assert until_state(world, State.EXITED).exit_code == 1


def test_only_the_chosen_instances_are_observed(world: World) -> None:
    up(world)
    world.add_foreign(f"{world.install}-foreign")

    def count(selector: Selector) -> int:
        return len(world.runtime.observe(selector))

    assert count(Selector(install=world.install, service_id="service-1", team_id="team-1")) == 1
    assert count(Selector(install=world.install, service_id="service-2")) == 0
    assert count(Selector(install=world.install, team_id="team-2")) == 0
    assert count(Selector(install="another")) == 0


def test_a_port_of_the_engines_choice_is_reported(world: World) -> None:
    spec = world.spec(ports=(PublishedPort(container_port=80, host_port=0),))

    (instance,) = world.runtime.apply(spec, fence=StubFence())

    assert instance.ports[80] > 0


def test_a_port_that_is_taken_is_named_and_nothing_half_made_stays(world: World) -> None:
    chosen = world.spec(ports=(PublishedPort(container_port=80, host_port=0),))
    (first,) = world.runtime.apply(chosen, fence=StubFence())
    taken = (PublishedPort(container_port=80, host_port=first.ports[80]),)

    with pytest.raises(EngineError) as caught:
        world.runtime.apply(world.spec(world.slot(1), ports=taken), fence=StubFence())

    assert codes(caught) == "engine.port_taken"
    assert only(world).engine_id == first.engine_id


def test_an_image_that_is_missing_is_named(world: World) -> None:
    with pytest.raises(EngineError) as caught:
        world.runtime.apply(world.spec(image="kyozo-test/missing:1"), fence=StubFence())

    assert codes(caught) == "engine.image_missing"
    assert world.runtime.image_id("kyozo-test/missing:1") is None
    assert (world.runtime.image_id(world.image) or "").startswith("sha256:")


def test_watching_begins_with_a_gap_and_tells_of_a_death(world: World) -> None:
    engine_id = up(world).engine_id
    kinds = []
    events = world.runtime.watch(install=world.install, stopped=lambda: False)

    assert next(events).gap
    world.crash(engine_id)
    for event in events:
        kinds.append(event.kind)
        if event.kind == "die":
            break

    assert (event.exit_code, event.engine_id) == (137, engine_id)
    assert (event.service_id, event.instance_id) == ("service-1", "instance-0")


def test_watching_ends_soon_after_it_is_told_to(world: World) -> None:
    stop: list[bool] = []
    events = world.runtime.watch(install=world.install, stopped=lambda: bool(stop))
    next(events)

    stop.append(True)
    asked_at = time.monotonic()

    assert list(events) == []
    assert time.monotonic() - asked_at < 20


def test_the_log_is_read_oldest_first_and_can_be_resumed(world: World) -> None:
    world.runtime.apply(world.spec(command=("echo", "hello <b>")), fence=StubFence())
    engine_id = until_state(world, State.EXITED).engine_id

    (line,) = world.runtime.logs(engine_id)

    assert (line.stream, line.text) == ("stdout", "hello <b>")
    assert list(world.runtime.logs(engine_id, since=line.at)) == [line]
    assert list(world.runtime.logs(engine_id, since="2999-01-01T00:00:00Z")) == []
    assert list(world.runtime.logs(engine_id, tail=0)) == []


def test_following_a_log_ends_with_the_instance_or_when_told_to(world: World) -> None:
    engine_id = up(world).engine_id

    assert list(world.runtime.logs(engine_id, follow=True, stopped=lambda: True)) == []
    world.runtime.stop(engine_id, grace_s=1, fence=StubFence())
    assert list(world.runtime.logs(engine_id, follow=True)) == []


def test_the_log_of_what_is_gone_says_so(world: World) -> None:
    with pytest.raises(EngineNotFoundError):
        list(world.runtime.logs(MISSING))


def test_use_is_told_for_what_runs_only(world: World) -> None:
    engine_id = up(world).engine_id

    stats = world.runtime.stats([engine_id, MISSING])

    assert set(stats) == {engine_id}
    assert 0 < stats[engine_id].memory_bytes <= stats[engine_id].memory_limit_bytes


def test_commands_in_an_instance_tell_how_they_ended(world: World) -> None:
    engine_id = up(world).engine_id

    assert world.runtime.exec(engine_id, ["echo", "a", "b"], timeout_s=30).output == "a b"
    assert world.runtime.exec(engine_id, ["false"], timeout_s=30).exit_code == 1
    assert world.runtime.exec(engine_id, ["no-such-program"], timeout_s=30).exit_code == 127


def test_a_command_that_takes_too_long_is_given_up(world: World) -> None:
    engine_id = up(world).engine_id

    with pytest.raises(EngineError) as caught:
        world.runtime.exec(engine_id, ["sleep", "60"], timeout_s=0.5)

    assert codes(caught) == "engine.run_timeout"


def test_commands_need_a_running_instance(world: World) -> None:
    engine_id = up(world).engine_id
    world.runtime.stop(engine_id, grace_s=1, fence=StubFence())

    with pytest.raises(EngineError) as stopped:
        world.runtime.exec(engine_id, ["true"], timeout_s=5)
    with pytest.raises(EngineNotFoundError):
        world.runtime.exec(MISSING, ["true"], timeout_s=5)

    assert codes(stopped) == "engine.not_running"


def test_a_one_off_command_leaves_nothing_behind(world: World) -> None:
    result = world.runtime.run_once(world.spec(), argv=["echo", "migrated"], timeout_s=30)

    assert (result.exit_code, result.output) == (0, "migrated")
    assert world.runtime.observe(world.everything) == []


def test_a_one_off_command_that_fails_or_hangs_tells_so(world: World) -> None:
    assert world.runtime.run_once(world.spec(), argv=["false"], timeout_s=30).exit_code == 1

    with pytest.raises(EngineError) as caught:
        world.runtime.run_once(world.spec(), argv=["sleep", "600"], timeout_s=1)

    assert codes(caught) == "engine.run_timeout"


def test_nobody_is_connected_to_an_instance_that_was_never_asked(world: World) -> None:
    engine_id = up(world).engine_id

    assert world.runtime.connections(world.address(), 80) in {0, None}
    assert not world.runtime.listening(engine_id)


def test_a_network_is_found_again_and_refused_to_others(world: World) -> None:
    found = world.runtime.ensure_network(world.network, labels=world.labels)
    moved = world.runtime.ensure_network(
        Network(world.network.name, "10.223.0.0/24"), labels=world.labels
    )
    assert found == moved
    assert found.subnet == world.network.subnet

    other = Network(f"{world.install}-other", world.network.subnet)
    with pytest.raises(EngineError) as overlapping:
        world.runtime.ensure_network(other, labels=world.labels)

    assert codes(overlapping) == "engine.network_clash"


def test_an_instance_whose_network_is_gone_says_so(world: World) -> None:
    world.runtime.remove_network(world.network.name)
    world.runtime.remove_network(world.network.name)

    with pytest.raises(EngineNotFoundError):
        up(world)

    assert world.runtime.observe(world.everything) == []


def test_a_volume_can_be_asked_for_twice(world: World) -> None:
    name = f"{world.install}-data"
    world.runtime.ensure_volume(name, labels=world.labels)
    world.runtime.ensure_volume(name, labels=world.labels)

    with pytest.raises(EngineError) as caught:
        world.runtime.ensure_volume(name, labels={})

    assert codes(caught) == "engine.name_taken"
