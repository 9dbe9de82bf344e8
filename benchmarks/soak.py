"""Thousands of random operations, one after the other: what is left of them?

A few services are made, deployed, scaled, stopped, started, restarted, rolled back, cancelled and
removed at random, and their containers killed in between. Before and after, nothing may exist; the
numbers must be the same. What is kept on purpose (operations, events) is not counted. The same
seed gives the same order.
"""

import argparse
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from benchmarks.in_process import RUN, use_engine
from benchmarks.rows import Rows
from services.errors import KyozoError
from services.lifecycle.claims import HEARTBEAT
from services.lifecycle.create import create_service
from services.lifecycle.deploy import deploy
from services.lifecycle.engine import router, runtime
from services.lifecycle.operations import cancel
from services.lifecycle.remove import remove
from services.lifecycle.restart import restart
from services.lifecycle.rollback import rollback
from services.lifecycle.run import run_next
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.lifecycle.sweep import sweep_services
from services.models import (
    HostPort,
    Instance,
    Operation,
    Phase,
    Queue,
    Rollout,
    Service,
    WantedState,
)
from services.runtimes.base import Selector
from services.runtimes.docker import DockerRuntime
from services.runtimes.fake import FakeRuntime
from services.teams.models import Team
from tests.e2e.harness import Kyozo
from tests.factories import make_team, make_workspace
from tests.repository import ROOT

MOST_SERVICES = 4
SWEEP_EVERY = 10
SAID_EVERY = 50
ACTOR = "soak"

Verb = Callable[["Soak", Service], object]


@dataclass(frozen=True, slots=True)
class Unfenced:
    """Somebody who removes containers by hand asks nobody."""

    token: int = 0

    def check(self) -> None:
        return


@dataclass(slots=True)
class Soak:
    chance: random.Random
    team: Team
    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    made: int = 0

    def run(self, count: int, rows: Rows, engine: str) -> None:
        while (number := self.accepted.total()) < count:
            service, verb = self.next()
            started = time.monotonic()
            try:
                VERBS[verb](self, service)
            except KyozoError as exc:
                self.refused[f"{verb}: {exc.error_code}"] += 1
                continue
            self.accepted[verb] += 1
            # Now and then two are asked for before anybody works.
            if self.chance.random() < 0.8:
                carry_out_all()
            if number % SWEEP_EVERY == 0:
                sweep_services()
            rows.add(engine, number, verb, time.monotonic() - started, descriptors())
            if (number + 1) % SAID_EVERY == 0:
                print(f"{engine}: {number + 1} of {count}", file=sys.stderr, flush=True)

    def next(self) -> tuple[Service, str]:
        services = list(Service.objects.exclude(wanted_state=WantedState.REMOVED).order_by("pk"))
        if len(services) < MOST_SERVICES:
            services.append(self.new_service())
        verb = self.chance.choices(list(VERBS), weights=WEIGHTS)[0]
        return self.chance.choice(services), verb

    def new_service(self) -> Service:
        self.made += 1
        folder = RUN.folder / "tmp" / f"{self.team.slug}-{self.made}"
        folder.mkdir()
        (folder / "index.html").write_text("<h1>0</h1>", encoding="utf-8")
        workspace = make_workspace(self.team, root=str(folder))
        return create_service(
            self.team, workspace=workspace, fields={"name": folder.name}, actor=ACTOR
        )

    def change_and_deploy(self, service: Service) -> object:
        page = Path(service.workspace.root) / "index.html"
        page.write_text(f"<h1>{self.chance.random()}</h1>", encoding="utf-8")
        return deploy(service, actor=ACTOR)

    def cancel_newest(self, service: Service) -> None:
        if operation := service.operations.open().last():
            cancel(operation, actor=ACTOR)

    def remove_a_container(self, service: Service) -> None:
        if row := service.instances.alive().exclude(engine_id="").first():
            runtime().remove(row.engine_id, fence=Unfenced())

    def remove_all(self) -> None:
        for service in Service.objects.exclude(wanted_state=WantedState.REMOVED):
            remove(service, actor=ACTOR)
        carry_out_all()
        sweep_services()


VERBS: dict[str, Verb] = {
    "deploy": Soak.change_and_deploy,
    "deploy unchanged": lambda _, service: deploy(service, actor=ACTOR),
    "scale": lambda soak, service: scale(service, replicas=soak.chance.randint(1, 4), actor=ACTOR),
    "restart": lambda _, service: restart(service, actor=ACTOR),
    "rollback": lambda _, service: rollback(service, to=None, actor=ACTOR),
    "stop": lambda _, service: stop(service, actor=ACTOR),
    "start": lambda _, service: start(service, actor=ACTOR),
    "cancel": Soak.cancel_newest,
    "container removed": Soak.remove_a_container,
    "remove": lambda _, service: remove(service, actor=ACTOR),
}
WEIGHTS = (8, 2, 4, 3, 3, 2, 4, 2, 3, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=2000)
    parser.add_argument("--on-engine", type=int, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    rows = Rows("soak", ("engine", "number", "verb", "seconds", "descriptors"))
    left = soak("memory", options.operations, options.seed, rows)
    use_engine()
    router().ensure_running()  # as the sweep of a platform does before anything is asked
    try:
        left += soak("docker", options.on_engine, options.seed, rows)
    finally:
        router().stop()
    print(f"rows: {rows.path.relative_to(ROOT)}")
    return 1 if left else 0


def soak(engine: str, count: int, seed: int, rows: Rows) -> int:
    """The number of counts that are not what they were."""
    walk = Soak(random.Random(seed), make_team(f"soak-{engine}"))
    # Once each way first: what a process opens once and keeps is no leak.
    walk.run(min(20, count), rows, engine)
    walk.remove_all()
    before = counts()
    started = time.monotonic()
    walk.run(count, rows, engine)
    seconds = time.monotonic() - started
    walk.remove_all()
    after = counts()
    print(
        f"{engine}: {walk.accepted.total()} operations in {seconds:.0f} s, on {walk.made} services"
    )
    print(f"  asked for: {dict(walk.accepted)}")
    print(f"  ended: {dict(Counter(Operation.objects.values_list('state', flat=True)))}")
    for name, value in after.items():
        print(f"  {name:<18} before {before[name]:>4}   after {value:>4}")
    return sum(before[name] != value for name, value in after.items())


def counts() -> dict[str, int]:
    """What must not grow. Nobody works while it is counted.

    The driver keeps as many connections for its next calls as it ever needed at once, up to a
    limit; they are closed before descriptors are counted, and only one that it lost stays.
    """
    driver = runtime()
    found = {
        "containers": len(driver.observe(Selector(install=install()))),
        "networks": networks(),
        "instances": Instance.objects.alive().count(),
        "host ports": HostPort.objects.count(),
        "open operations": Operation.objects.open().count(),
        "open rollouts": Rollout.objects.exclude(phase=Phase.DONE).count(),
        "leases": Service.objects.exclude(lease_until=None).count(),
        "claims": len(HEARTBEAT._claims),  # noqa: SLF001 - nobody else asks
        "threads": threading.active_count(),
    }
    if isinstance(driver, DockerRuntime):
        driver.close()
    return found | {"descriptors": descriptors()}


def descriptors() -> int:
    """Without those of the database's own file: while one connection holds a lock there, SQLite
    keeps the descriptors of closed ones for the next, as many as were ever open at once. An open
    connection also has one of the log beside the file, and that one is counted.
    """
    database = Path(connection.settings_dict["NAME"]).name
    opened = map(_name, Path("/proc/self/fd").iterdir())
    return sum(name not in {database, ""} for name in opened)


def _name(descriptor: Path) -> str:
    try:
        return descriptor.readlink().name
    except FileNotFoundError:  # closed meanwhile, like the one of the folder itself
        return ""


def install() -> str:
    return RUN.environment["KYOZO_INSTALL"]


def networks() -> int:
    driver = runtime()
    if isinstance(driver, FakeRuntime):
        return len(driver.engine.networks)
    docker = Kyozo(RUN, dict(os.environ)).docker
    label = f"label=dev.kyozo.install={install()}"
    return len(docker.query("network", "ls", "-q", "--filter", label).split())


def carry_out_all() -> None:
    while run_next(Queue.BUILDS) + run_next(Queue.LIFECYCLE):
        pass


if __name__ == "__main__":
    sys.exit(main())
