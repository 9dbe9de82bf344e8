"""Subnets for teams and addresses for instances, without clashes."""

import ipaddress
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from pytest_django import Settings

from services.errors import ConflictError, EngineError
from services.lifecycle.networks import FIRST_HOST, give_address, remove_unused, team_network
from services.models import Instance, Service, TeamNetwork
from services.runtimes.base import Network
from services.runtimes.fake import FakeRuntime
from tests.conftest import Person
from tests.factories import make_instance
from tests.services.at_once import at_once

NETWORK = Network(name="net", subnet="10.9.9.0/28")


def instance(service: Service, **facts: object) -> Instance:
    return make_instance(service, network="net", **facts)


def test_a_team_gets_one_subnet_and_keeps_it(alice: Person, engine: FakeRuntime) -> None:
    first, again = team_network(alice.team), team_network(alice.team)

    assert first == again
    assert ipaddress.ip_network(first.subnet).prefixlen == 24
    assert list(engine.engine.networks) == [first.name]


def test_two_teams_get_two_subnets(alice: Person, charlie: Person) -> None:
    assert team_network(alice.team).subnet != team_network(charlie.team).subnet


def test_teams_at_once_get_different_subnets(
    transactional_db: None, alice: Person, charlie: Person
) -> None:
    first, second, again = at_once(
        lambda: team_network(alice.team),
        lambda: team_network(charlie.team),
        lambda: team_network(alice.team),
    )

    assert first == again != second


def test_a_subnet_that_somebody_else_uses_is_passed_over(
    alice: Person, engine: FakeRuntime, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "NETWORKS": "10.1.0.0/23"}
    engine.ensure_network(Network(name="theirs", subnet="10.1.0.0/25"), labels={})

    assert team_network(alice.team).subnet == "10.1.1.0/24"


def test_a_network_that_is_there_wins_over_what_was_written_down(
    alice: Person, engine: FakeRuntime
) -> None:
    """Two workers at once: one cut a new subnet because of the network that the other just made."""
    made = team_network(alice.team)
    TeamNetwork.objects.update(subnet="10.209.9.0/24")

    assert team_network(alice.team) == made
    assert TeamNetwork.objects.get().subnet == made.subnet


def test_without_a_free_subnet_the_setting_is_named(
    alice: Person, charlie: Person, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "NETWORKS": "10.1.0.0/24"}
    team_network(alice.team)

    with pytest.raises(ConflictError) as refusal:
        team_network(charlie.team)

    assert refusal.value.error_code == "network.exhausted"


def test_a_network_that_somebody_removed_is_made_again(alice: Person, engine: FakeRuntime) -> None:
    before = team_network(alice.team)
    engine.remove_network(before.name)

    assert team_network(alice.team) == before
    assert TeamNetwork.objects.count() == 1
    assert list(engine.engine.networks) == [before.name]


def test_networks_that_nobody_uses_are_removed(
    alice: Person, charlie: Person, service: Service, engine: FakeRuntime
) -> None:
    mine, theirs = team_network(alice.team), team_network(charlie.team)
    make_instance(service, network=mine.name)

    remove_unused()

    assert list(engine.engine.networks) == [mine.name]
    assert team_network(charlie.team) == theirs


def test_a_network_that_the_engine_keeps_stops_nobody(
    alice: Person, charlie: Person, engine: FakeRuntime
) -> None:
    team_network(alice.team)
    team_network(charlie.team)
    engine.fail_next("remove_network", EngineError("has active endpoints"))

    remove_unused()

    assert len(engine.engine.networks) == 1


def test_addresses_begin_after_those_left_free(service: Service) -> None:
    assert give_address(instance(service).id, NETWORK) == f"10.9.9.{FIRST_HOST}"


def test_an_address_in_use_is_not_given_again(service: Service) -> None:
    given = [give_address(instance(service).id, NETWORK) for _ in range(3)]

    assert len(set(given)) == 3


def test_a_freed_address_rests(service: Service) -> None:
    instance(service, address="10.9.9.10", removed_at=timezone.now())

    assert give_address(instance(service).id, NETWORK) == "10.9.9.11"


def test_when_all_are_used_up_the_one_that_rested_longest_comes_first(service: Service) -> None:
    now = timezone.now()
    for last, minutes in ((10, 1), (11, 30), (12, 20), (13, 2), (14, 3)):
        instance(service, address=f"10.9.9.{last}", removed_at=now - timedelta(minutes=minutes))

    assert give_address(instance(service).id, NETWORK) == "10.9.9.11"
    assert give_address(instance(service).id, NETWORK) == "10.9.9.12"
    assert give_address(instance(service).id, NETWORK) == "10.9.9.14"


def test_a_full_network_says_so(service: Service) -> None:
    for last in range(10, 15):
        instance(service, address=f"10.9.9.{last}")

    with pytest.raises(ConflictError) as refusal:
        give_address(instance(service).id, NETWORK)

    assert refusal.value.error_code == "network.full"


def test_instances_at_once_get_different_addresses(
    transactional_db: None, service: Service
) -> None:
    rows = [instance(service) for _ in range(4)]

    given = at_once(*(partial(give_address, row.id, NETWORK) for row in rows))

    assert len(set(given)) == 4
    written = Instance.objects.values_list("address", flat=True)
    assert sorted(written, key=str) == sorted(given)
