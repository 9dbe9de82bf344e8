"""SIGSTOP of a worker past its lease, then SIGCONT: what it still wants to do is refused (P2)."""

import pytest

from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import Site
from tests.faults.verbs import Moment

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_worker_that_slept_past_its_lease_harms_nothing(
    moment: Moment, site: Site, crew: Crew, oracle: Oracle, recovery: Recovery
) -> None:
    moment.verb.prepare(site)

    with site.load() as load, site.barrier(moment.boundary) as barrier:
        operation = moment.verb.asked(site)
        sleeper = crew.at(barrier.holds())
        recovery.begin("worker stopped, then continued", moment, operation)
        sleeper.stop()
        recovery.taken_up(operation)
        recovery.over(operation)
        barrier.open()
        sleeper.go_on()
        sleeper.wait_until_fenced_out()

    assert operation.state == "succeeded", operation.error
    assert oracle.troubles_at_rest() == []
    assert site.serves == site.should_serve
    assert not (moment.verb.serves and load.failed)
