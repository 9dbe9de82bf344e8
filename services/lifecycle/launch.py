"""An instance's container brought up at an address of its own, whatever has that address now."""

import logging

from django.db import transaction

from services.errors import AddressTakenError
from services.lifecycle import names
from services.lifecycle.engine import runtime
from services.lifecycle.networks import give_address, team_network
from services.lifecycle.routes import publish_routes
from services.lifecycle.spec import service_spec
from services.models import Instance
from services.runtimes.base import Fence, Network, ObservedInstance

log = logging.getLogger(__name__)

# Each costs the engine a container made and removed, about 0.1 s.
ADDRESS_TRIES = 16


def launch(instance: Instance, *, fence: Fence) -> list[ObservedInstance]:
    """What runs then. Raises EngineError, and AddressTakenError when each address it tried is
    another's: of a container that somebody put into the network, or of nobody, as an engine that
    was killed may hold addresses for ever."""
    network = team_network(instance.service.team)
    if not instance.address:
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


def _apply(instance: Instance, network: Network, fence: Fence) -> list[ObservedInstance]:
    names.prepare(instance)
    spec = service_spec(instance, network, fence=fence.token)
    for mount in spec.mounts:
        if mount.type == "volume":
            runtime().ensure_volume(mount.source, labels=spec.labels)
    return runtime().apply(spec, fence=fence)


def _move(instance: Instance, network: Network, taken: list[str], fence: Fence) -> None:
    """A new container at a new address has to pass its gate, even if the one before it did."""
    was_routed, before = instance.is_routed, instance.address
    instance.is_gated, instance.good_answers, instance.is_routed = False, 0, False
    with transaction.atomic():
        fence.check()
        instance.save(update_fields=["is_gated", "good_answers", "is_routed"])
        _give_address(instance, network, taken=taken)
    log.warning("%s moves: %s is another's, %s is next", instance.name, before, instance.address)
    if was_routed:
        publish_routes(instance.service)


def _give_address(instance: Instance, network: Network, *, taken: list[str]) -> None:
    instance.address = give_address(instance.id, network, but=taken)
    instance.network = network.name
