"""Requests and services while no worker lives: nothing is lost, nothing stops (P1, P3, P6)."""

import pytest

from tests.faults.barrier import Boundary
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.site import Site, ended
from tests.faults.verbs import DEPLOY, STOP
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_what_was_accepted_without_a_worker_is_done_by_the_next(
    site: Site, crew: Crew, oracle: Oracle
) -> None:
    crew.dismiss()
    operation = DEPLOY.asked(site)
    crew.fill()

    assert ended(operation).state == "succeeded"
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_a_program_that_dies_while_nobody_looks_comes_back(
    site: Site, crew: Crew, oracle: Oracle
) -> None:
    [container] = oracle.containers(site.service)

    crew.dismiss()
    suicide = oracle.client.exec_create(container, ["/bin/busybox", "killall", "-9", "busybox"])
    oracle.client.exec_start(suicide["Id"])

    wait_until(lambda: site.serves == site.page, within_s=10, what="the engine restarts it")


def test_a_service_whose_worker_hangs_can_be_stopped(
    site: Site, crew: Crew, oracle: Oracle
) -> None:
    with site.barrier(Boundary("build", "begun")) as barrier:
        operation = DEPLOY.asked(site)
        sleeper = crew.at(barrier.holds())
        sleeper.stop()
        stop = STOP.asked(site)

        assert ended(stop, within_s=20).state == "succeeded"
        assert ended(operation).state == "cancelled"
        barrier.open()
        sleeper.go_on()
    assert oracle.troubles_at_rest() == []


def test_other_services_do_not_wait_for_a_worker_that_hangs(
    site: Site, other_site: Site, crew: Crew
) -> None:
    with site.barrier(Boundary("build", "begun")) as barrier:
        hangs = DEPLOY.asked(site)
        barrier.holds()

        assert ended(DEPLOY.asked(other_site), within_s=20).state == "succeeded"
        assert hangs.is_open
        barrier.open()
        assert ended(hangs).state == "succeeded"
