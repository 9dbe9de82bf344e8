"""Volumes outlive whatever happens to what wrote to them (P8)."""

import pytest

from tests.faults.barrier import Boundary
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.site import HTTPD, Site, ended
from tests.own_engine import OwnEngine

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

WRITES = f"echo kept > /data/notes; {HTTPD}"


def test_a_volume_outlives_a_removal_with_a_death_in_it(
    site: Site, crew: Crew, engine: OwnEngine, oracle: Oracle
) -> None:
    site.service.volume_mounts = {"/data": {"source": "notes"}}
    site.service.save(update_fields=["volume_mounts"])
    site.change(start=WRITES)
    assert site.deployed().state == "succeeded"
    [volume] = oracle.volumes()

    with site.barrier(Boundary("drain", "begun")) as barrier:
        operation = site.remove()
        crew.at(barrier.holds()).kill()
        crew.hire()
        ended(operation)

    assert oracle.troubles_at_rest() == []
    assert oracle.volumes() == [volume]
    assert (engine.data / "volumes" / volume / "_data/notes").read_text() == "kept\n"
