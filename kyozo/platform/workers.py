"""Celery inside the platform process: one worker for all queues and the clock, all as threads."""

import logging
from collections.abc import Sequence
from threading import Thread

import celery.worker.state
from celery import Celery
from celery.beat import Scheduler, Service
from celery.worker import WorkController
from kombu import Queue

from kyozo.platform import transport

log = logging.getLogger(__name__)


class Clock(Scheduler):
    """Celery's beat, kept in memory."""

    def adjust(self, n: float, drift: float = 0.005) -> float:
        # Celery wakes 10 ms early and then spins until an entry is due: 1 % of a core for nothing.
        return super().adjust(n, drift)  # type: ignore[arg-type]  # the stub says int


class EmbeddedWorkers:
    """Tasks are registered before anything starts: a worker ignores what it learns of later."""

    def __init__(self, app: Celery, *, queues: Sequence[str], threads: int) -> None:
        app.conf.update(
            broker_url="memory://localhost",
            broker_transport=transport.NAME,
            task_queues=[Queue(name) for name in queues],
            worker_enable_remote_control=False,
        )
        app.loader.import_default_modules()
        self._app = app
        self._queues = list(queues)
        self._threads = threads
        self._worker = Thread(target=self._work, name="worker", daemon=True)
        self._clock = Thread(target=self._tick, name="clock", daemon=True)

    def start(self) -> None:
        self._worker.start()
        self._clock.start()

    def stop(self, *, within_s: float) -> bool:
        """False when a task still runs: its operation goes on at the next start."""
        celery.worker.state.should_stop = 0  # type: ignore[assignment]
        transport.bell.close()
        self._worker.join(within_s)
        return not self._worker.is_alive()

    def _work(self) -> None:
        self._app.set_current()
        worker = WorkController(
            app=self._app,
            hostname="embedded@kyozo",
            pool_cls="threads",
            concurrency=self._threads,
            queues=self._queues,
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
        )
        worker.start()
        if worker.exitcode:
            log.error("the embedded worker ended with %s", worker.exitcode)

    def _tick(self) -> None:
        self._app.set_current()
        Service(self._app, max_interval=1, scheduler_cls=Clock).start()
