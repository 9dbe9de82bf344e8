"""The engine is stopped or killed at a boundary, and started again: the operation goes on (P3)."""

from collections.abc import Iterator

import pytest

from tests.faults.barrier import Boundary
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import Site
from tests.faults.verbs import DEPLOY, Moment
from tests.own_engine import OwnEngine
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.fixture
def mortal(engine: OwnEngine) -> Iterator[OwnEngine]:
    """The process's engine; it runs again after a test that ended early."""
    yield engine
    if not engine.is_running:
        engine.start()


def test_an_operation_outlives_a_restart_of_the_engine(
    moment: Moment, site: Site, mortal: OwnEngine, oracle: Oracle, recovery: Recovery
) -> None:
    moment.verb.prepare(site)

    with site.barrier(moment.boundary) as barrier:
        operation = moment.verb.asked(site)
        barrier.holds()
        recovery.begin("engine restarted", moment, operation)
        mortal.stop()
        barrier.open()
        mortal.start()
        recovery.over(operation)

    assert operation.state == "succeeded", operation.error
    assert oracle.troubles_at_rest(within_s=20) == []
    wait_until(lambda: site.serves == site.should_serve, within_s=10, what="it serves again")


def test_worker_and_engine_may_die_together(
    site: Site, crew: Crew, mortal: OwnEngine, oracle: Oracle, recovery: Recovery
) -> None:
    moment = Moment(DEPLOY, Boundary("health", "begun"))

    with site.barrier(moment.boundary) as barrier:
        operation = moment.verb.asked(site)
        victim = crew.at(barrier.holds())
        recovery.begin("worker and engine killed", moment, operation)
        victim.kill()
        mortal.kill()
        mortal.start()
        recovery.over(operation)

    assert operation.state == "succeeded", operation.error
    assert oracle.troubles_at_rest(within_s=20) == []
    wait_until(lambda: site.serves == site.should_serve, within_s=10, what="it serves again")
