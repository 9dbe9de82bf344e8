"""One sweep over many services: 1,000 in memory, and 100 containers on the real engine.

Each service runs one instance. First all is well; then one in a hundred is removed by hand, and the
sweep makes it anew. A look is one list call and the decision for every service; a sweep is a look
and a pass of its own for each service that is not as wanted.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmarks.in_process import use_engine
from benchmarks.rows import Rows
from services.lifecycle.claims import claim
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router, runtime
from services.lifecycle.glance import glance
from services.lifecycle.networks import give_address, team_network
from services.lifecycle.spec import service_spec
from services.lifecycle.sweep import sweep_services
from services.models import Instance, Service, Status, WantedState, Workspace
from services.runtimes.base import Network
from services.teams.models import Team
from tests.factories import (
    make_instance,
    make_release,
    make_service,
    make_team,
    make_workspace,
)
from tests.repository import ROOT
from tests.runtimes.busybox import ensure_image

GOAL_S = 5.0
A_TEAM = 200  # a team's network has addresses for 244
BROKEN = 100  # one in so many
LOOKS = 5


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--containers", type=int, default=100)
    options = parser.parse_args()
    rows = Rows("reconcile", ("engine", "services", "measure", "number", "seconds", "not_well"))
    measure("memory", "image", options.services, rows)
    Service.objects.all().delete()
    use_engine()
    try:
        measure("docker", image_of_engine(), options.containers, rows)
    finally:
        router().stop()
    print(f"rows: {rows.path.relative_to(ROOT)}")
    return 0


def image_of_engine() -> str:
    ref = ensure_image("unix:///var/run/docker.sock")
    return str(runtime().image_id(ref))


def measure(engine: str, image: str, count: int, rows: Rows) -> None:
    start(count, image)
    looks = [took(glance) for _ in range(LOOKS)]
    with CaptureQueriesContext(connection) as queries:
        glance()
    for row in Instance.objects.alive()[::BROKEN]:
        remove_by_hand(row)
    broken = len(glance().others)
    swept = took(sweep_services)
    for number, seconds in enumerate(looks):
        rows.add(engine, count, "look", number, seconds, 0)
    rows.add(engine, count, "sweep", 0, swept, broken)
    print(f"{engine}: {count} services, {len(queries)} queries a look")
    print(f"  look   median {statistics.median(looks):.3f} s   max {max(looks):.3f} s")
    print(f"  sweep  {swept:.3f} s, {broken} made anew   goal {GOAL_S:.0f} s")
    print(f"  as wanted afterwards: {len(glance().well)}")


def start(count: int, image: str) -> None:
    """Running services, written down as a deploy leaves them."""
    for first in range(0, count, A_TEAM):
        team = make_team()
        network, workspace = team_network(team), make_workspace(team)
        for _ in range(first, min(first + A_TEAM, count)):
            start_one(team, workspace, network, image)


def start_one(team: Team, workspace: Workspace, network: Network, image: str) -> None:
    service = make_service(
        team,
        workspace=workspace,
        wanted_state=WantedState.RUNNING,
        status=Status.RUNNING,
        current_replicas=1,
        generation=1,
    )
    config = ReleaseConfig(command=("sleep", "1000000"), process="worker").to_json()
    release = make_release(service, config=config, image_ref=image, image_digest=image)
    Service.objects.filter(pk=service.pk).update(wanted_release=release)
    name = f"{service.engine_name}-g1-0"
    row = make_instance(
        service, release=release, engine_id="", is_gated=True, is_routed=True, name=name
    )
    row.address = give_address(row.pk, network)
    note(row, network)


def note(row: Instance, network: Network) -> None:
    mine = claim(row.service_id)
    if mine is None:
        return
    [made] = runtime().apply(service_spec(row, network, fence=mine.token), fence=mine)
    mine.release()
    Instance.objects.filter(pk=row.pk).update(
        engine_id=made.engine_id, state=made.state, started_at=made.started_at
    )


def took(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def remove_by_hand(row: Instance) -> None:
    mine = claim(row.service_id)
    if mine is not None:
        runtime().remove(row.engine_id, fence=mine)
        mine.release()


if __name__ == "__main__":
    sys.exit(main())
