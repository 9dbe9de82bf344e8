"""Nothing piles up in workers that live long: file descriptors, containers, networks, rows."""

import pytest

from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ROUNDS = 5
# A thread of the pool that works for the first time opens the database for itself.
FIRST_TIMES = 12


def test_deploy_after_deploy_leaves_the_workers_as_they_were(
    site: Site, crew: Crew, oracle: Oracle
) -> None:
    deploy_again_and_again(site)
    before = [worker.descriptors for worker in crew.workers]

    deploy_again_and_again(site)

    after = [worker.descriptors for worker in crew.workers]
    assert max(b - a for a, b in zip(before, after, strict=True)) <= FIRST_TIMES
    assert len(oracle.containers(site.service)) == 1
    assert oracle.troubles_at_rest() == []


def deploy_again_and_again(site: Site) -> None:
    for _ in range(ROUNDS):
        site.change()
        assert site.deployed().state == "succeeded"
