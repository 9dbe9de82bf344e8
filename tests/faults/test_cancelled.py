"""A deploy is cancelled at each boundary: it ends as that, nothing is left, the old one serves."""

import pytest

from services.errors import ConflictError
from services.lifecycle.operations import cancel
from services.models import Kind
from tests.faults.barrier import Boundary, boundaries
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import ACTOR, Site, ended
from tests.faults.verbs import DEPLOY, Moment

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ALL = boundaries(Kind.DEPLOY)
# Once every new instance has passed its gate there is no way back but a rollback.
SWITCH = ALL.index(Boundary("health", "done"))


@pytest.mark.parametrize("boundary", ALL[:SWITCH], ids=str)
def test_a_cancelled_deploy_leaves_nothing(
    boundary: Boundary, site: Site, oracle: Oracle, recovery: Recovery
) -> None:
    with site.load() as load, site.barrier(boundary) as barrier:
        operation = DEPLOY.asked(site)
        barrier.holds()
        recovery.begin("cancelled", Moment(DEPLOY, boundary), operation)
        cancel(operation, actor=ACTOR)
        barrier.open()
        site.pages.pop()
        recovery.over(operation)

    assert operation.state == "cancelled", operation.error
    assert (site.serves, load.failed) == (site.should_serve, [])
    assert oracle.troubles_at_rest() == []


@pytest.mark.parametrize("boundary", ALL[SWITCH:], ids=str)
def test_what_serves_already_is_not_cancelled(
    boundary: Boundary, site: Site, oracle: Oracle
) -> None:
    with site.load() as load, site.barrier(boundary) as barrier:
        operation = DEPLOY.asked(site)
        barrier.holds()
        with pytest.raises(ConflictError) as refused:
            cancel(operation, actor=ACTOR)
        barrier.open()
        ended(operation)

    assert refused.value.error_code == "operation.too_late"
    assert operation.state == "succeeded", operation.error
    assert (site.serves, load.failed) == (site.should_serve, [])
    assert oracle.troubles_at_rest() == []


def test_a_cancel_outlives_the_worker_that_was_to_hear_of_it(
    site: Site, crew: Crew, oracle: Oracle, recovery: Recovery
) -> None:
    moment = Moment(DEPLOY, Boundary("health", "begun"))

    with site.load() as load, site.barrier(moment.boundary) as barrier:
        operation = DEPLOY.asked(site)
        victim = crew.at(barrier.holds())
        recovery.begin("cancelled, worker killed", moment, operation)
        cancel(operation, actor=ACTOR)
        victim.kill()
        crew.hire()
        site.pages.pop()
        recovery.over(operation)

    assert operation.state == "cancelled", operation.error
    assert (site.serves, load.failed) == (site.should_serve, [])
    assert oracle.troubles_at_rest() == []
