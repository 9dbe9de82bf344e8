"""What people do to containers and networks by hand is repaired within a sweep (P7)."""

from collections.abc import Callable, Iterator

import docker
import pytest

from services.lifecycle.networks import free_addresses, team_network
from services.models import Instance, TeamNetwork
from tests.faults.crew import Crew
from tests.faults.installation import SWEEP_S
from tests.faults.oracle import Oracle
from tests.faults.site import Site, ended
from tests.faults.verbs import DEPLOY
from tests.runtimes.busybox import IMAGE
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

# A sweep, and what it then does: a container started, its gate, the router.
REPAIRED_WITHIN_S = SWEEP_S + 30


def disconnect(engine: docker.APIClient, container: str) -> None:
    engine.disconnect_container_from_network(container, TeamNetwork.objects.get().name, force=True)


def move(engine: docker.APIClient, container: str) -> None:
    """Out of its network and back, at another address than the one it was given."""
    disconnect(engine, container)
    engine.connect_container_to_network(container, TeamNetwork.objects.get().name)


Deed = Callable[[docker.APIClient, str], object]
DEEDS: dict[str, Deed] = {
    "stopped": lambda engine, name: engine.stop(name, timeout=0),
    "killed": lambda engine, name: engine.kill(name),
    "paused": lambda engine, name: engine.pause(name),
    "removed": lambda engine, name: engine.remove_container(name, force=True),
    "renamed": lambda engine, name: engine.rename(name, "somewhere-else"),
    "disconnected": disconnect,
    "moved": move,
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


@pytest.fixture
def squatter(oracle: Oracle) -> Iterator[Callable[[str], None]]:
    """Puts a container of somebody else into the team's network, at an address of their choice."""
    made: list[str] = []

    def squat(address: str) -> None:
        network = TeamNetwork.objects.get().name
        endpoint = oracle.client.create_endpoint_config(ipv4_address=address)
        one = oracle.client.create_container(
            IMAGE,
            ["/bin/busybox", "sleep", "99999"],
            host_config=oracle.client.create_host_config(network_mode=network),
            networking_config=oracle.client.create_networking_config({network: endpoint}),  # type: ignore[arg-type]
        )
        made.append(one["Id"])
        oracle.client.start(one["Id"])

    yield squat
    for container in made:
        oracle.client.remove_container(container, force=True)


def test_addresses_that_others_have_are_left_to_them(
    site: Site, oracle: Oracle, squatter: Callable[[str], None]
) -> None:
    """An engine that was killed may also hold addresses that nobody has."""
    for address in free_addresses(team_network(site.service.team))[:2]:
        squatter(address)

    assert ended(DEPLOY.asked(site)).state == "succeeded"
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_an_address_that_somebody_took_while_it_was_stopped(
    site: Site, crew: Crew, oracle: Oracle, squatter: Callable[[str], None]
) -> None:
    instance = Instance.objects.alive().get(service=site.service)
    crew.dismiss()
    oracle.client.stop(instance.engine_id, timeout=0)
    squatter(instance.address or "")
    crew.fill()

    wait_until(
        lambda: oracle.is_at_rest and site.serves == site.page,
        within_s=REPAIRED_WITHIN_S,
        what="it moves to another address",
    )
    assert oracle.troubles_at_rest() == []
