"""Programs that do not behave: they fail their own deploy at most, and take nobody along (P4)."""

import pytest

from services.models import Instance, Operation
from tests.faults.barrier import Boundary
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.site import HTTPD, Site, ended
from tests.own_engine import OwnEngine
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

NEVER_LISTENS = "exec sleep 99999"
EXITS = "exit 3"
DEAF = f"trap '' TERM; {HTTPD}"
DIES = f"(sleep 20; kill -9 $$) & {HTTPD}"
FLAPS = "while :; do /bin/busybox timeout 1 /bin/busybox httpd -f -p 8000 -h /srv; sleep 1; done"
FLOODS = f"yes all work and no play & {HTTPD}"
HASTY = {
    "enabled": True,
    "type": "http",
    "endpoint": "/",
    "interval_seconds": 1,
    "timeout_seconds": 1,
    "retries": 3,
    "start_period_seconds": 10,
}
# Three files of ten megabytes, and what the engine writes while it notices.
LOG_BYTES = 40_000_000


@pytest.fixture
def site(site: Site) -> Site:
    """Asked often, and given up after a few seconds."""
    site.service.health_check_config = HASTY
    site.service.save(update_fields=["health_check_config"])
    return site


@pytest.mark.parametrize(
    ("start", "code"),
    [(NEVER_LISTENS, "deploy.not_healthy"), (EXITS, "deploy.instance_failed")],
)
def test_a_program_that_never_serves_leaves_the_old_one_serving(
    start: str, code: str, site: Site, oracle: Oracle
) -> None:
    with site.load() as load:
        failed = deploy_in_vain(site, start)

    assert (failed.state, failed.error["code"]) == ("failed", code)
    assert load.failed == []
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_a_worker_killed_while_a_deploy_fails_changes_nothing(
    site: Site, crew: Crew, oracle: Oracle
) -> None:
    with site.load() as load, site.barrier(Boundary("health", "done")) as barrier:
        site.change(start=NEVER_LISTENS)
        operation = site.deploy()
        crew.at(barrier.holds()).kill()
        crew.hire()
        site.pages.pop()
        ended(operation)

    assert (operation.state, load.failed) == ("failed", [])
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_a_program_that_dies_while_settling_gives_way_to_the_old_one(
    site: Site, oracle: Oracle
) -> None:
    old = {*oracle.containers()}

    with site.barrier(Boundary("settle", "begun")) as barrier:
        site.change()
        operation = site.deploy()
        barrier.holds()
        [new] = {*oracle.containers(site.service)} - old
        oracle.client.kill(new)
        barrier.open()
        site.pages.pop()
        ended(operation)

    assert (operation.state, operation.error["stage"]) == ("failed", "settle")
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_a_program_that_ignores_the_signal_to_end_is_ended(site: Site, oracle: Oracle) -> None:
    site.change(start=DEAF)
    assert site.deployed().state == "succeeded"

    with site.load() as load:
        site.change()
        assert site.deployed().state == "succeeded"

    assert load.failed == []
    assert oracle.troubles_at_rest() == []


def test_a_program_that_dies_after_its_deploy_comes_back_and_can_be_replaced(
    site: Site, oracle: Oracle
) -> None:
    site.change(start=DIES)
    assert site.deployed().state == "succeeded"
    running = Instance.objects.alive().filter(service=site.service)
    wait_until(lambda: running.get().restarts, within_s=60, what="it has died and come back")

    site.change()

    assert site.deployed().state == "succeeded"
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_a_program_that_flaps_can_be_replaced(site: Site, oracle: Oracle) -> None:
    site.change(start=FLAPS)
    # It may be caught while it settles, or not.
    assert site.deployed().state in {"succeeded", "failed"}

    site.change()

    assert site.deployed().state == "succeeded"
    assert site.serves == site.page
    assert oracle.troubles_at_rest() == []


def test_a_program_that_floods_its_log_fills_no_disk(
    site: Site, engine: OwnEngine, oracle: Oracle
) -> None:
    site.change(start=FLOODS)
    assert site.deployed().state == "succeeded"
    wait_until(lambda: sum(log_sizes(engine)) > 20_000_000, within_s=90, what="it floods its log")

    assert max(log_sizes(engine)) < LOG_BYTES
    site.change()
    assert site.deployed().state == "succeeded"
    assert oracle.troubles_at_rest() == []


def log_sizes(engine: OwnEngine) -> list[int]:
    """Of each container's log, all its files together."""
    folders = (engine.data / "containers").iterdir()
    return [sum(file.stat().st_size for file in folder.glob("*.log*")) for folder in folders]


def deploy_in_vain(site: Site, start: str) -> Operation:
    site.change(start=start)
    operation = site.deployed()
    site.pages.pop()
    return operation
