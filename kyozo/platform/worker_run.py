"""The threads of a worker process: Celery's, and what belongs to the queue. Needs Django set up."""

import logging
import socket
import threading
from pathlib import Path

import celery.worker.state
from celery.worker import WorkController
from django.conf import settings
from django.db import DatabaseError, connection
from kombu import Queue
from redis import Redis
from redis.exceptions import RedisError

from kyozo.celery import app
from services.lifecycle.desk import DeskServer, open_desk
from services.lifecycle.places import CLOSING
from services.lifecycle.recover import drop_ended_trees, hand_back
from services.locks import tried
from services.monitoring import watch

WATCH_TRY_S = 1.0

log = logging.getLogger(__name__)


class Work:
    """`start`, then `stop` from another thread; `trouble` says why it cannot work just now."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        config = settings.KYOZO
        builds = queue == "builds"
        self._threads = config["BUILD_CONCURRENCY"] if builds else config["WORKER_THREADS"]
        self._ending = threading.Event()
        self._worker = threading.Thread(target=self._work, name="worker", daemon=True)
        self._desk: DeskServer | None = None
        self._redis = Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)

    @property
    def is_alive(self) -> bool:
        return self._worker.is_alive()

    def start(self) -> None:
        if self._queue == "builds":
            drop_ended_trees()
        else:
            self._desk = open_desk()
            self._desk.start()
            threading.Thread(target=self._watch, name="watch", daemon=True).start()
        self._worker.start()

    def stop(self, within_s: float) -> None:
        """Nothing new; what is not finished in time is handed back for another worker."""
        CLOSING.set()
        self._ending.set()
        celery.worker.state.should_stop = 0  # type: ignore[assignment]
        self._worker.join(within_s)
        if self._desk is not None:
            self._desk.stop()
        try:
            if held := hand_back():
                log.warning("%d services are handed back unfinished", held)
        except DatabaseError as exc:
            log.warning("nothing could be handed back, the leases run out: %s", exc)

    def trouble(self) -> str:
        if not self.is_alive:
            return "the worker has ended"
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            self._redis.ping()
        except (DatabaseError, RedisError) as exc:
            return str(exc)
        finally:
            connection.close()
        return ""

    def _watch(self) -> None:
        """By one of all such workers: two would tell everybody twice of what died."""
        path = Path(settings.KYOZO["HOME"]) / "engine-watch.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        while not self._ending.is_set():
            with tried(path) as lock:
                if lock is not None:
                    watch.run(self._ending.is_set)
            self._ending.wait(WATCH_TRY_S)

    def _work(self) -> None:
        app.set_current()
        app.conf.update(
            task_queues=[Queue(self._queue)],
            worker_enable_remote_control=False,
            broker_connection_retry=True,
            broker_connection_max_retries=None,
        )
        app.loader.import_default_modules()
        worker = WorkController(
            app=app,
            hostname=f"{self._queue}@{socket.gethostname()}",
            pool_cls="threads",
            concurrency=self._threads,
            queues=[self._queue],
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
        )
        worker.start()
        if worker.exitcode:
            log.error("the worker ended with %s", worker.exitcode)
