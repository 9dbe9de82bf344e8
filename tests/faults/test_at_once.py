"""The same operation in the hands of two workers at once: it is carried out as if by one (P2)."""

import pytest

from services.models import Operation
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import Site
from tests.faults.verbs import Moment
from tests.services.lifecycle.working import expire_leases
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_two_workers_do_the_work_of_one(
    moment: Moment, site: Site, crew: Crew, oracle: Oracle, recovery: Recovery
) -> None:
    moment.verb.prepare(site)

    with site.load() as load, site.barrier(moment.boundary) as barrier:
        operation = moment.verb.asked(site)
        crew.at(barrier.holds())
        recovery.begin("two workers at once", moment, operation)
        lose_lease(operation)
        barrier.open()
        recovery.over(operation)

    assert operation.state == "succeeded", operation.error
    assert site.service.rollouts.filter(created_at__gt=operation.created_at).count() <= 1
    assert oracle.troubles_at_rest() == []
    assert site.serves == site.should_serve
    assert not (moment.verb.serves and load.failed)


def lose_lease(operation: Operation) -> None:
    """Until another worker has the operation as well; the first one keeps renewing its lease."""
    before = operation.attempts

    def is_taken() -> bool:
        expire_leases()
        operation.refresh_from_db()
        return operation.attempts > before

    wait_until(is_taken, within_s=20, what="a second worker takes it", look_every_s=0.05)
