"""SIGKILL of the worker that carries an operation: another one takes it up and ends it (P3)."""

import pytest

from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import Site
from tests.faults.verbs import Moment

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_an_operation_outlives_its_worker(
    moment: Moment, site: Site, crew: Crew, oracle: Oracle, recovery: Recovery
) -> None:
    moment.verb.prepare(site)

    with site.load() as load, site.barrier(moment.boundary) as barrier:
        operation = moment.verb.asked(site)
        victim = crew.at(barrier.holds())
        recovery.begin("worker killed", moment, operation)
        victim.kill()
        crew.hire()
        recovery.taken_up(operation)
        recovery.over(operation)

    assert operation.state == "succeeded", operation.error
    assert oracle.troubles_at_rest() == []
    assert site.serves == site.should_serve
    assert not (moment.verb.serves and load.failed)
