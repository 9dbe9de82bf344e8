"""What people do to containers and networks by hand is repaired within a sweep (P7)."""

from collections.abc import Callable

import docker
import pytest

from services.models import TeamNetwork
from tests.faults.installation import SWEEP_S
from tests.faults.oracle import Oracle
from tests.faults.site import Site
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

# A sweep, and what it then does: a container started, its gate, the router.
REPAIRED_WITHIN_S = SWEEP_S + 30


def disconnect(engine: docker.APIClient, container: str) -> None:
    engine.disconnect_container_from_network(container, TeamNetwork.objects.get().name, force=True)


Deed = Callable[[docker.APIClient, str], object]
DEEDS: dict[str, Deed] = {
    "stopped": lambda engine, name: engine.stop(name, timeout=0),
    "killed": lambda engine, name: engine.kill(name),
    "paused": lambda engine, name: engine.pause(name),
    "removed": lambda engine, name: engine.remove_container(name, force=True),
    "renamed": lambda engine, name: engine.rename(name, "somewhere-else"),
    "disconnected": disconnect,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_container_is_repaired(deed: str, site: Site, oracle: Oracle) -> None:
    [before] = oracle.containers(site.service)

    DEEDS[deed](oracle.client, before)

    wait_until(
        lambda: oracle.is_at_rest and site.serves == site.page,
        within_s=REPAIRED_WITHIN_S,
        what=f"a container that was {deed} is repaired",
    )
    assert oracle.troubles_at_rest() == []


def test_a_network_is_made_again(site: Site, oracle: Oracle) -> None:
    network = TeamNetwork.objects.get().name

    def is_gone() -> bool:
        """Repairs are quick: it may take more than one try."""
        for container in oracle.client.inspect_network(network)["Containers"]:
            disconnect(oracle.client, container)
        try:
            oracle.client.remove_network(network)
        except docker.errors.APIError:
            return False
        return True

    wait_until(is_gone, within_s=10, what="the network can be removed")

    wait_until(
        lambda: oracle.is_at_rest and site.serves == site.page,
        within_s=REPAIRED_WITHIN_S,
        what="the network is back",
    )
