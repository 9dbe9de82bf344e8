"""Waiting for an engine, with an end."""

import time
from collections.abc import Callable

from services.runtimes.base import ObservedInstance, State
from tests.runtimes.worlds import World


def until(true: Callable[[], bool], *, within_s: float = 15) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def only(world: World) -> ObservedInstance:
    (instance,) = world.runtime.observe(world.everything)
    return instance


def until_state(world: World, state: State) -> ObservedInstance:
    until(lambda: only(world).state is state)
    return only(world)
