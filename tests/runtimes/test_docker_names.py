"""What a change of names does to a container that runs, seen on a real engine."""

from contextlib import closing
from typing import Any

import pytest

from services.errors import EngineError, FenceLostError
from services.runtimes import docker_names
from services.runtimes.base import State
from services.runtimes.docker_engine import Engine
from tests.runtimes.waiting import until, until_state
from tests.runtimes.worlds import DockerWorld, StubFence

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]
CHANGES = 8
SERVER = ("sh", "-c", "exec nc -ll -p 8000 -e date")
# Says `asked` once it is under way, and each thing that did not work.
ASKER = (
    "nc -w 8 {0} 8000 >/dev/null && echo asked; "
    "while :; do nc -w 8 {0} 8000 >/dev/null || echo lost; done"
)


def up(world: DockerWorld, replica: int = 0, *, command: tuple[str, ...] = ()) -> str:
    spec = world.spec(
        world.slot(replica), command=command or ("sleep", "600"), service_id=f"service-{replica}"
    )
    return next(
        one.engine_id
        for one in world.runtime.apply(spec, fence=StubFence())
        if one.replica == replica
    )


def set_names(world: DockerWorld, engine_id: str, *names: str) -> None:
    world.runtime.set_names(
        engine_id, world.network.name, address=world.address(), names=names, fence=StubFence()
    )


def said(world: DockerWorld, engine_id: str) -> list[str]:
    return world.client.logs(engine_id).decode().splitlines()


def aliases(world: DockerWorld, engine_id: str) -> list[str]:
    endpoint = world.inspect(engine_id)["NetworkSettings"]["Networks"][world.network.name]
    return [name for name in endpoint["Aliases"] if name != engine_id[:12]]


def test_a_program_never_finds_itself_without_its_network(docker_world: DockerWorld) -> None:
    world = docker_world
    up(world, 1, command=SERVER)
    asker = up(world, command=("sh", "-c", ASKER.format(world.address(1))))
    until(lambda: bool(said(world, asker)))

    for number in range(CHANGES):
        set_names(world, asker, f"name-{number}")

    assert aliases(world, asker) == [f"name-{CHANGES - 1}"]
    assert said(world, asker) == ["asked"]


@pytest.mark.parametrize("is_out", [False, True], ids=["in its network", "out of it"])
@pytest.mark.parametrize("name", ["before", "after"])
def test_what_a_dead_worker_left_standing_goes_on(
    docker_world: DockerWorld, name: str, *, is_out: bool
) -> None:
    engine_id = up(docker_world)
    set_names(docker_world, engine_id, "before")
    docker_world.client.pause(engine_id)
    if is_out:
        docker_world.take_out(engine_id)

    set_names(docker_world, engine_id, name)

    assert until_state(docker_world, State.RUNNING).address == docker_world.address()
    assert aliases(docker_world, engine_id) == [name]


def test_what_has_ended_gets_its_name_all_the_same(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world)
    docker_world.runtime.stop(engine_id, grace_s=1, fence=StubFence())

    set_names(docker_world, engine_id, "web")

    assert aliases(docker_world, engine_id) == ["web"]
    assert until_state(docker_world, State.EXITED).engine_id == engine_id


def test_what_is_paused_goes_on_and_what_is_not_is_left_alone(docker_world: DockerWorld) -> None:
    engine_id = up(docker_world)
    docker_world.client.pause(engine_id)

    for _ in range(2):
        docker_world.runtime.resume(engine_id, fence=StubFence())
        assert until_state(docker_world, State.RUNNING).engine_id == engine_id

    with pytest.raises(FenceLostError):
        docker_world.runtime.resume(engine_id, fence=StubFence(left=0))


def test_what_the_engine_paused_too_late_goes_on_all_the_same(
    docker_world: DockerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer came after the time-out, so nobody knows whether it was paused."""
    engine_id = up(docker_world)
    pause = docker_names._pause

    def pause_late(*arguments: Any) -> None:
        pause(*arguments)
        raise EngineError("no answer in time", code="engine.timeout")

    monkeypatch.setattr(docker_names, "_pause", pause_late)

    with pytest.raises(EngineError, match="no answer"):
        set_names(docker_world, engine_id, "web")

    assert until_state(docker_world, State.RUNNING).engine_id == engine_id
    assert aliases(docker_world, engine_id) == []


def test_two_that_put_it_back_at_once_do_not_trip_over_each_other(
    docker_world: DockerWorld, engine_url: str
) -> None:
    engine_id = up(docker_world)

    with closing(Engine(engine_url)) as engine:
        docker_names.connect(
            engine, engine_id, docker_world.network.name, names=["late"], address=""
        )

    assert until_state(docker_world, State.RUNNING).address == docker_world.address()
    assert "late" not in aliases(docker_world, engine_id)
