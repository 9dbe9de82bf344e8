"""One service of a stepped installation: what engine and router show, and how it rests."""

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

from services.lifecycle.engine import forget, router, runtime
from services.lifecycle.operations import take
from services.lifecycle.run import carry_out
from services.lifecycle.tasks import sweep
from services.models import Operation, Phase, Queue, Service, WantedState
from services.routing.table import Backend
from services.runtimes.base import LABEL_INSTANCE, State
from services.runtimes.fake_engine import Box
from tests.factories import make_folder, make_service, make_team, make_workspace
from tests.services.lifecycle.stepped import Clock, SteppedRouter, SteppedRuntime, Worker

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
PATIENCE_S = 320  # more than the longest wait before a crashed instance is started again
MOST_ROUNDS = 12


class OneService:
    """The installation has no other one, so all containers and routes there are belong to it."""

    def __init__(self, clock: Clock, folder: Path) -> None:
        self.clock = clock
        team = make_team()
        self.folder = make_folder(Path(tempfile.mkdtemp(dir=folder)))
        workspace = make_workspace(team, root=str(self.folder))
        self._pk = make_service(team, workspace=workspace, name="web").pk
        self._workers: list[Worker] = []

    @property
    def row(self) -> Service:
        return Service.objects.get(pk=self._pk)

    @property
    def newest_open(self) -> Operation | None:
        return self.row.operations.open().last()

    @property
    def engine(self) -> SteppedRuntime:
        return cast("SteppedRuntime", runtime())

    @property
    def router(self) -> SteppedRouter:
        return cast("SteppedRouter", router())

    @property
    def running(self) -> dict[str, Box]:
        boxes = self.engine.engine.boxes()
        return {box.labels[LABEL_INSTANCE]: box for box in boxes if box.state is State.RUNNING}

    @property
    def named(self) -> dict[str, Backend]:
        """The instances that the router sends requests to."""
        routes = self.router.table.routes
        return {one.instance_id: one for route in routes for one in route.backends}

    @property
    def answering(self) -> set[str]:
        named = self.named.items()
        return {one for one, at in named if self.engine.answers(at.address, at.port)}

    @property
    def is_at_rest(self) -> bool:
        """Nobody works on it, nothing is asked for, and what is there is what is wanted."""
        service = self.row
        if service.operations.open().exists() or service.rollouts.exclude(phase=Phase.DONE):
            return False
        rows = {str(row.id) for row in service.instances.alive()}
        boxes = {box.labels[LABEL_INSTANCE] for box in self.engine.engine.boxes()}
        wanted = service.wanted_replicas if service.wanted_state == WantedState.RUNNING else 0
        return rows == boxes == set(self.running) == set(self.named) and len(rows) == wanted

    @property
    def at_work(self) -> list[Worker]:
        return [worker for worker in self._workers if not worker.is_done]

    def hire(self, work: Callable[[], object]) -> Worker:
        self._workers.append(Worker(work))
        return self._workers[-1]

    def lose_leases(self) -> None:
        """As if everybody who works had been silent for too long."""
        Service.objects.filter(pk=self._pk).exclude(lease_until=None).update(lease_until=LONG_AGO)

    def heal(self) -> None:
        """Every fault is over; images that never answer stay so."""
        self.engine.unreachable = False
        self.router.heal()
        self.engine.unhealthy -= {box.engine_id for box in self.running.values()}

    def rest(self) -> None:
        """Others take over from whoever is at work; it is as wanted after a few rounds."""
        self.heal()
        self.lose_leases()
        for _ in range(MOST_ROUNDS):
            if self.is_at_rest:
                return
            self.clock.move(PATIENCE_S)
            self.hire(carry_on).finish()
            self.hire(sweep).finish()
        raise AssertionError(f"not at rest after {MOST_ROUNDS} rounds")

    def close(self) -> None:
        for worker in self._workers:
            worker.bury()
        forget()


def carry_on() -> None:
    """What a worker of either queue does when it is woken."""
    while taken := take(Queue.BUILDS) or take(Queue.LIFECYCLE):
        carry_out(taken)
        taken.claim.release()
