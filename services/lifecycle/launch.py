"""An instance's container brought up at an address of its own, whatever has that address now."""

import logging

from services.errors import AddressTakenError, KyozoError
from services.lifecycle import names
from services.lifecycle.claims import Claim, fenced
from services.lifecycle.engine import runtime
from services.lifecycle.networks import give_address, team_network
from services.lifecycle.routes import publish_routes
from services.lifecycle.spec import service_spec
from services.models import Instance
from services.runtimes.base import Network, ObservedInstance

log = logging.getLogger(__name__)

# Each costs the engine a container made and removed, about 0.1 s.
ADDRESS_TRIES = 16


def launch(instance: Instance, *, fence: Claim) -> list[ObservedInstance]:
    """What runs then. Raises EngineError, and AddressTakenError when each address it tried is
    another's: of a container that somebody put into the network, or of nobody, as an engine that
    was killed may hold addresses for ever."""
    network = team_network(instance.service.team)
    if not instance.address:
        with fenced(fence):
            _give_address(instance, network, taken=[])
    taken: list[str] = []
    while True:
        try:
            return _apply(instance, network, fence)
        except AddressTakenError:
            taken.append(instance.address or "")
            if len(taken) >= ADDRESS_TRIES:
                raise
            _move(instance, network, taken, fence)


def _apply(instance: Instance, network: Network, fence: Claim) -> list[ObservedInstance]:
    names.prepare(instance, fence=fence)
    spec = service_spec(instance, network, fence=fence.token)
    for mount in spec.mounts:
        if mount.type == "volume":
            runtime().ensure_volume(mount.source, labels=spec.labels)
    return runtime().apply(spec, fence=fence)


def _move(instance: Instance, network: Network, taken: list[str], fence: Claim) -> None:
    """At a new address it has to pass its gate, even if it did so at the one before."""
    if instance.is_routed:
        _take_out(instance, fence)
    before = instance.address
    instance.is_gated, instance.good_answers = False, 0
    with fenced(fence):
        instance.save(update_fields=["is_gated", "good_answers"])
        _give_address(instance, network, taken=taken)
    log.warning("%s moves: %s is another's, %s is next", instance.name, before, instance.address)


def _take_out(instance: Instance, fence: Claim) -> None:
    """Of the router, which would send requests to whoever has the address."""
    _set_routed(instance, fence, is_routed=False)
    try:
        publish_routes(instance.service)
    except KyozoError:
        # The router may still have the table before: the next pass must do this again.
        _set_routed(instance, fence, is_routed=True)
        raise


def _set_routed(instance: Instance, fence: Claim, *, is_routed: bool) -> None:
    with fenced(fence):
        instance.is_routed = is_routed
        instance.save(update_fields=["is_routed"])


def _give_address(instance: Instance, network: Network, *, taken: list[str]) -> None:
    instance.address = give_address(instance.id, network, refused=taken)
    instance.network = network.name
