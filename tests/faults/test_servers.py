"""PostgreSQL and Redis restarted, wake-ups lost and doubled, with workers as in production (P6)."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from celery import Celery
from django.db import connection

from services.models import Operation
from tests.faults.barrier import Boundary
from tests.faults.crew import Crew, crew
from tests.faults.installation import Installation
from tests.faults.oracle import Oracle
from tests.faults.recovery import Recovery
from tests.faults.site import Site, ended
from tests.faults.verbs import DEPLOY
from tests.runner import servers
from tests.runner.run import Run

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

CELERY = (sys.executable, "-m", "celery", "-A", "kyozo.celery", "worker")
OPTIONS = ("--pool=threads", "--concurrency=8", "--queues=builds,lifecycle", "--loglevel=INFO")
CLOCK = ("--beat", "--scheduler=kyozo.platform.workers:Clock")
PROGRAM = (*CELERY, *OPTIONS, *CLOCK)
BOUNDARIES = [Boundary(step, "begun") for step in ("build", "health", "settle")]
MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Production:
    """One installation with servers of its own, a site on it and workers that may all be killed."""

    run: Run
    oracle: Oracle
    crew: Crew
    site: Site
    broker: str

    def wake(self) -> None:
        """Messages nobody asked for."""
        app = Celery(broker=self.broker)
        for queue in ("builds", "lifecycle") * MESSAGES:
            app.send_task(f"services.lifecycle.tasks.run_{queue}", queue=queue)
        app.close()


@pytest.fixture(scope="module")
def production(
    installation: Installation, all_workers: Crew, oracle: Oracle, new_site: Callable[[], Site]
) -> Iterator[Production]:
    """Celery workers instead of the embedded ones."""
    run = installation.run
    broker = servers.redis_url(run)
    environment = {**installation.environment, "KYOZO_BROKER_URL": broker}
    all_workers.dismiss()
    with crew(environment, run.folder / "celery", PROGRAM, ready="[tasks]") as workers:
        workers.fill()
        yield Production(run, oracle, workers, new_site(), broker)


def restart_postgres(run: Run) -> None:
    servers.stop_postgres(run)
    connection.close()
    servers.start_postgres(run)


def restart_redis(run: Run) -> None:
    servers.stop_redis(run)
    servers.start_redis(run)


@pytest.mark.parametrize("boundary", BOUNDARIES, ids=str)
@pytest.mark.parametrize("restart", [restart_postgres, restart_redis])
def test_a_deploy_outlives_a_restart_of_a_server(
    restart: Callable[[Run], None], boundary: Boundary, production: Production, recovery: Recovery
) -> None:
    site = production.site

    with site.load() as load, site.barrier(boundary) as barrier:
        operation = DEPLOY.asked(site)
        barrier.holds()
        recovery.begin(restart.__name__.replace("_", " "), boundary, operation)
        restart(production.run)
        barrier.open()
        recovery.over(operation)

    succeeded(production, operation)
    assert load.failed == []


def test_services_run_without_any_part_of_the_platform(production: Production) -> None:
    site = production.site

    with site.load() as load:
        production.crew.dismiss()
        servers.stop_redis(production.run)
        servers.stop_postgres(production.run)
        connection.close()
        asked = load.sent
        servers.start_postgres(production.run)
        servers.start_redis(production.run)
        production.crew.fill()

    assert load.sent > asked > 0
    assert load.failed == []
    succeeded(production, site.deployed())


def test_wake_ups_that_nobody_sent_or_that_come_twice_change_nothing(
    production: Production,
) -> None:
    operation = DEPLOY.asked(production.site)
    production.wake()

    succeeded(production, ended(operation))
    assert production.site.service.rollouts.filter(created_at__gt=operation.created_at).count() == 1


def succeeded(production: Production, operation: Operation) -> None:
    assert operation.state == "succeeded", operation.error
    assert production.oracle.troubles_at_rest() == []
    assert production.site.serves == production.site.page
