"""SIGKILL of the worker that carries an operation: another one takes it up and ends it (P3)."""

import pytest

from tests.faults.crew import Crew
from tests.faults.installation import Installation
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import Site
from tests.faults.verbs import Moment
from tests.waiting import wait_until

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


def test_a_build_outlives_its_worker(
    site: Site, crew: Crew, installation: Installation, oracle: Oracle, recovery: Recovery
) -> None:
    site.change("RUN sleep 3")

    with site.load() as load:
        operation = site.deploy()
        victim = crew.at(builder(installation))
        recovery.begin("worker killed", "deploy-in-the-build", operation)
        victim.kill()
        crew.hire()
        recovery.taken_up(operation)
        recovery.over(operation)

    assert operation.state == "succeeded", operation.error
    assert oracle.troubles_at_rest() == []
    assert (site.serves, load.failed) == (site.page, [])


def builder(installation: Installation) -> int:
    """The process that builds now, by the folder of its build client."""
    folder = installation.run.folder / "home" / "builds"
    wait_until(lambda: any(folder.glob("build-*")), within_s=60, what="a build begins")
    newest = max(folder.glob("build-*"), key=lambda path: path.stat().st_mtime)
    return int(newest.name.split("-")[1])
