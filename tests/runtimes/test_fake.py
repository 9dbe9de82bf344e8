"""The hooks of the fake driver, by which other tests break an engine."""

import threading

import pytest

from services.errors import EngineError, EngineUnreachableError
from services.runtimes.base import State
from tests.runtimes.waiting import only
from tests.runtimes.worlds import FakeWorld, StubFence


def up(world: FakeWorld) -> str:
    return world.runtime.apply(world.spec(), fence=StubFence())[0].engine_id


def test_the_next_call_fails_once(fake_world: FakeWorld) -> None:
    fake_world.runtime.fail_next("apply", EngineError("full", code="engine.disk_full"))

    with pytest.raises(EngineError, match="full"):
        up(fake_world)

    assert up(fake_world)


def test_a_death_shows_its_reason(fake_world: FakeWorld) -> None:
    fake_world.runtime.die(up(fake_world), oom=True)

    seen = only(fake_world)

    assert (seen.state, seen.exit_code, seen.oom_killed) == (State.EXITED, 137, True)


def test_a_lost_instance_is_gone(fake_world: FakeWorld) -> None:
    fake_world.runtime.lose(up(fake_world))

    assert fake_world.runtime.observe(fake_world.everything) == []


def test_an_instance_answers_unless_it_is_called_unhealthy(fake_world: FakeWorld) -> None:
    up(fake_world)
    assert fake_world.runtime.answers(fake_world.address(), 80)

    fake_world.runtime.unhealthy.add("instance-0")

    assert not fake_world.runtime.answers(fake_world.address(), 80)
    assert not fake_world.runtime.answers("10.0.0.1", 80)


def test_an_engine_that_comes_back_leaves_a_gap(fake_world: FakeWorld) -> None:
    engine_id = up(fake_world)
    events = fake_world.runtime.watch(install=fake_world.install, stopped=lambda: False)
    next(events)

    fake_world.runtime.unreachable = True
    with pytest.raises(EngineUnreachableError):
        fake_world.runtime.info()
    fake_world.runtime.engine.destroy(fake_world.runtime.engine.find(engine_id))
    fake_world.runtime.unreachable = False

    assert next(events).gap


def test_many_threads_may_start_the_same_slot(fake_world: FakeWorld) -> None:
    started: list[str] = []

    def start() -> None:
        try:
            started.append(up(fake_world))
        except EngineError as exc:
            started.append(exc.error_code)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert set(started) == {only(fake_world).engine_id}


def test_a_log_is_followed_until_the_instance_ends(fake_world: FakeWorld) -> None:
    engine_id = up(fake_world)
    fake_world.runtime.say(engine_id, "one")
    lines = fake_world.runtime.logs(engine_id, follow=True)
    assert next(lines).text == "one"

    fake_world.runtime.say(engine_id, "two", stream="stderr")
    assert next(lines).text == "two"
    fake_world.runtime.die(engine_id)

    assert list(lines) == []
