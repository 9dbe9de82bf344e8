"""The parts of the running platform: database, router, workers, engine watch and web server.

Imported only when Django is set up.
"""

import gc
import logging
import socket
import threading

import uvicorn
from django.conf import settings

from kyozo.asgi import application
from kyozo.celery import app
from kyozo.platform import access, database
from kyozo.platform.log_file import log_to
from kyozo.platform.record import READY, Record
from kyozo.platform.state import StateDir
from kyozo.platform.workers import EmbeddedWorkers
from services.errors import KyozoError
from services.lifecycle.engine import router
from services.lifecycle.recover import recover
from services.live.consumers import MOST_TEXT
from services.monitoring import watch

log = logging.getLogger(__name__)

CLOSE_CONNECTIONS_S = 1
STOP_WORKERS_S = 0.5


class RunningPlatform:
    """`serve` blocks; `stop` ends the process' threads but neither services nor router."""

    def __init__(self, state: StateDir, record: Record, *, log_file: bool) -> None:
        self._state = state
        self._record = record
        self._stopping = threading.Event()
        self._workers: EmbeddedWorkers | None = None
        if log_file:
            log_to(state.log)

    def serve(self, listener: socket.socket) -> None:
        self._enter("preparing the database")
        database.prepare(self._state.backups)
        access.ensure(self._state, self._record.url)
        if uncapped := recover():
            log.warning(uncapped)
        self._enter("starting the router")
        self._start_router()
        self._enter("starting the workers")
        self._start_workers()
        self._enter(READY)
        log.info("Kyozo %s at %s", self._record.version, self._record.url)
        # What was imported stays: a full collection that looks at all of it holds up every socket.
        gc.collect()
        gc.freeze()
        _server().run(sockets=[listener])

    def stop(self) -> None:
        """At most a second. A task that still runs is cut off: its operation is taken up again."""
        self._stopping.set()
        done = self._workers is None or self._workers.stop(within_s=STOP_WORKERS_S)
        log.info("stopped" if done else "stopped; what was running goes on at the next start")

    def _enter(self, phase: str) -> None:
        log.info(phase)
        self._record.at(phase).write(self._state)

    def _start_router(self) -> None:
        try:
            router().ensure_running()
        except KyozoError as exc:
            # Readiness says so too; the platform is of use without a router, to find out why.
            log.error("the router did not start: %s %s", exc.message, exc.fix)  # noqa: TRY400

    def _start_workers(self) -> None:
        config = settings.KYOZO
        if settings.BROKER_URL == "memory://":
            self._workers = EmbeddedWorkers(
                app,
                queues=["builds", "lifecycle"],
                threads=config["WORKER_THREADS"] + config["BUILD_CONCURRENCY"],
            )
            self._workers.start()
        threading.Thread(
            target=watch.run, args=(self._stopping.is_set,), name="engine-watch", daemon=True
        ).start()


def _server() -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            application,
            http="h11",
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # Compression doubles the time a thousand clients take to get one event.
            ws_per_message_deflate=False,
            # A few times what is answered; the server's own limit is 16 MiB, for anybody.
            ws_max_size=4 * MOST_TEXT,
            timeout_graceful_shutdown=CLOSE_CONNECTIONS_S,
        )
    )
