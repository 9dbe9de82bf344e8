"""Team networks and volumes on a Docker engine: found or created, never somebody else's."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from docker.types import IPAMConfig, IPAMPool

from services.errors import EngineError, EngineNotFoundError
from services.runtimes import proc_route
from services.runtimes.base import LABEL_INSTALL, Fence, Network
from services.runtimes.docker_engine import Engine

ROUTES = Path("/proc/net/route")


def ensure_network(
    engine: Engine, network: Network, *, labels: Mapping[str, str], routes: Path | None
) -> Network:
    """The engine allows two networks of one name, so after creating one we look who else did. One
    that is there already is returned as it is, whatever its subnet.

    `routes`: the engine's routing table, if it can be read. The engine compares a subnet with its
    own networks only; a bridge that a killed engine left would take every packet of ours.
    """
    found = _named(engine, network.name)
    if not found:
        _create(engine, network, labels=labels, routes=routes)
        found = _named(engine, network.name)
    winner = min(found, key=lambda one: (one["Created"], one["Id"]), default=None)
    if winner is None:
        message = f"Network {network.name} was removed while it was created."
        raise EngineNotFoundError(message)
    _check(winner, labels=labels)
    for other in found:
        if other is not winner and _is_twin(other, winner):
            _remove(engine, other["Id"])
    pool = _pool(winner)
    return Network(network.name, subnet=pool.get("Subnet", ""), gateway=pool.get("Gateway", ""))


def remove_network(engine: Engine, name: str) -> None:
    """Harmless when gone; only networks of Kyozo."""
    for found in _named(engine, name):
        if LABEL_INSTALL not in (found.get("Labels") or {}):
            raise _foreign("network", name)
        _remove(engine, found["Id"])


def ensure_volume(engine: Engine, name: str, *, labels: Mapping[str, str]) -> None:
    """Creating a volume that exists only finds it: the labels tell whose it is."""
    with engine.call(f"create volume {name}") as client:
        volume = client.create_volume(name, driver="local", labels=dict(labels))
    if (volume.get("Labels") or {}).get(LABEL_INSTALL) != labels.get(LABEL_INSTALL):
        raise _foreign("volume", name)


def remove_volume(engine: Engine, name: str, *, install: str, fence: Fence) -> None:
    with suppress(EngineNotFoundError):
        with engine.call(f"look for volume {name}") as client:
            labels: dict[str, str] = client.inspect_volume(name).get("Labels") or {}
        if labels.get(LABEL_INSTALL) != install:
            raise _foreign("volume", name, code="engine.foreign")
        fence.check()
        with engine.call(f"remove volume {name}") as client:
            client.remove_volume(name)


def _create(
    engine: Engine, network: Network, *, labels: Mapping[str, str], routes: Path | None
) -> None:
    """A refusal is no failure when somebody else created the same network in the meantime."""
    pool = IPAMPool(subnet=network.subnet, gateway=network.gateway or None)
    try:
        _check_routes(network, routes)
        with engine.call(f"create network {network.name} ({network.subnet})") as client:
            client.create_network(
                network.name,
                driver="bridge",
                ipam=IPAMConfig(pool_configs=[pool]),
                options={"com.docker.network.bridge.enable_icc": "true"},
                labels=dict(labels),
                check_duplicate=True,
            )
    except EngineError:
        if not _named(engine, network.name):
            raise


def _check_routes(network: Network, routes: Path | None) -> None:
    interface = proc_route.holder(network.subnet, routes.read_text()) if routes else None
    if interface:
        raise EngineError(
            f"This machine already reaches {network.subnet} through the interface {interface}.",
            code="engine.network_clash",
            fix=f"Choose other subnets for KYOZO_NETWORKS or, if {interface} is a bridge that an "
            f"earlier engine left, remove it: ip link delete {interface}",
        )


def _named(engine: Engine, name: str) -> list[dict[str, Any]]:
    """The engine's filter matches parts of names."""
    with engine.call("list networks") as client:
        found: list[dict[str, Any]] = client.networks(names=[name])
    return [one for one in found if one["Name"] == name]


def _check(found: dict[str, Any], *, labels: Mapping[str, str]) -> None:
    if (found.get("Labels") or {}).get(LABEL_INSTALL) != labels.get(LABEL_INSTALL):
        raise _foreign("network", found["Name"])


def _is_twin(other: dict[str, Any], winner: dict[str, Any]) -> bool:
    """Ours, the same in all but its id: what the loser of two creations at once leaves behind."""
    return (other.get("Labels") or {}) == (winner.get("Labels") or {})


def _remove(engine: Engine, network_id: str) -> None:
    try:
        with engine.call(f"remove network {network_id[:12]}") as client:
            client.remove_network(network_id)
    except EngineNotFoundError:
        return


def _pool(found: dict[str, Any]) -> dict[str, str]:
    pools = (found.get("IPAM") or {}).get("Config") or [{}]
    return dict(pools[0])


def _foreign(kind: str, name: str, *, code: str = "engine.name_taken") -> EngineError:
    return EngineError(
        f"The {kind} {name} exists on the engine and is not of this Kyozo.",
        code=code,
        fix=f"Remove or rename that {kind}; Kyozo touches nothing that it did not create.",
    )
