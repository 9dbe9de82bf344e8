"""Names inside a Docker network. The engine takes them only while it connects a container, so a
running one is taken out and put back at the same address: what is connected to it waits 0.2 s."""

from collections.abc import Sequence
from typing import Any

from services.runtimes.base import Fence
from services.runtimes.docker_engine import Engine


def set_names(
    engine: Engine,
    engine_id: str,
    network: str,
    *,
    address: str,
    names: Sequence[str],
    fence: Fence,
) -> None:
    """Repeatable: also when its worker died between the two calls."""
    with engine.call("inspect a container") as client:
        found = client.inspect_container(engine_id)["NetworkSettings"]["Networks"].get(network)
    if found is not None:
        if given_names(found, engine_id) == set(names):
            return
        fence.check()
        with engine.call(f"take {engine_id[:12]} out of its network") as client:
            client.disconnect_container_from_network(engine_id, network)
    fence.check()
    with engine.call(f"put {engine_id[:12]} back into its network") as client:
        client.connect_container_to_network(
            engine_id, network, aliases=list(names), ipv4_address=address or None
        )


def given_names(endpoint: dict[str, Any], engine_id: str) -> set[str]:
    """The engine adds the beginning of the id by itself."""
    return set(endpoint.get("Aliases") or ()) - {engine_id[:12]}
