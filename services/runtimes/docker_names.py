"""Names inside a Docker network. The engine takes them only while it connects a container, so a
running one is taken out and put back at the same address: what is connected to it waits 0.2 s.
Its processes stand still meanwhile, so that nothing they ask for finds no network."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from services.errors import EngineError, EngineNotFoundError
from services.runtimes.base import Fence
from services.runtimes.docker_engine import Engine
from services.runtimes.docker_errors import UNDECIDED


def set_names(
    engine: Engine,
    engine_id: str,
    network: str,
    *,
    address: str,
    names: Sequence[str],
    fence: Fence,
) -> None:
    """Repeatable: also when its worker died between two of the calls."""
    with engine.call("inspect a container") as client:
        container = client.inspect_container(engine_id)
    found = container["NetworkSettings"]["Networks"].get(network)
    if found is not None and given_names(found, engine_id) == set(names):
        if container["State"]["Paused"]:
            resume(engine, engine_id)
        return
    with _standing_still(engine, engine_id, fence):
        fence.check()
        if found is not None:
            with engine.call(f"take {engine_id[:12]} out of its network") as client:
                client.disconnect_container_from_network(engine_id, network)
        # Whoever took it out puts it back, also when its claim was lost meanwhile.
        connect(engine, engine_id, network, names=names, address=address)


def connect(
    engine: Engine, engine_id: str, network: str, *, names: Sequence[str], address: str
) -> None:
    """Harmless when somebody else was faster: then the next look tells whether it is as wanted."""
    try:
        with engine.call(f"put {engine_id[:12]} into its network") as client:
            client.connect_container_to_network(
                engine_id, network, aliases=list(names), ipv4_address=address or None
            )
    except EngineError as exc:
        if exc.error_code != "engine.connected":
            raise


def given_names(endpoint: dict[str, Any], engine_id: str) -> set[str]:
    """The engine adds the beginning of the id by itself."""
    return set(endpoint.get("Aliases") or ()) - {engine_id[:12]}


@contextmanager
def _standing_still(engine: Engine, engine_id: str, fence: Fence) -> Iterator[None]:
    """Where the engine cannot pause (no rights over control groups, or nothing runs) it goes on.

    Going on needs no claim: whoever lost it meanwhile must not leave anything standing, nor who
    does not know whether the engine has paused it.
    """
    fence.check()
    try:
        _pause(engine, engine_id)
        yield
    finally:
        resume(engine, engine_id)


def _pause(engine: Engine, engine_id: str) -> None:
    try:
        with engine.call(f"pause container {engine_id[:12]}") as client:
            client.pause(engine_id)
    except EngineError as exc:
        if exc.error_code in UNDECIDED:
            raise


def resume(engine: Engine, engine_id: str) -> None:
    """Harmless when nothing stands still or it is gone: the engine refuses, and we look why."""
    try:
        with engine.call(f"continue container {engine_id[:12]}") as client:
            client.unpause(engine_id)
    except EngineNotFoundError:
        return
    except EngineError:
        if _stands_still(engine, engine_id):
            raise


def _stands_still(engine: Engine, engine_id: str) -> bool:
    try:
        with engine.call("inspect a container") as client:
            return bool(client.inspect_container(engine_id)["State"]["Paused"])
    except EngineNotFoundError:
        return False
