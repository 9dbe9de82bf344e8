"""Workers that go on one engine call at a time, so that a test can put anything in between.

A worker is a thread that runs only while the test waits for it. It pauses before each call of the
engine or the router, after each check of its fence (so the write behind it can come late, from a
worker long fenced out), and wherever the product sleeps. Left alone there, it is as good as dead.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import connection, connections

from services.routing.memory import MemoryRouter
from services.routing.table import RouteTable
from services.runtimes.base import Fence, ObservedInstance, ServiceSpec
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import WorkerDiedError

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

LEAST_SLEEP_S = 0.5
really_sleep = time.sleep


class Clock:
    """Moves only when somebody sleeps or says so: what would wait for minutes is over at once."""

    def __init__(self, shift: Callable[[timedelta], None]) -> None:
        self._shift = shift
        self._passed = 0.0

    def monotonic(self) -> float:
        return self._passed

    def sleep(self, seconds: float) -> None:
        worker = threading.current_thread()
        if isinstance(worker, Worker):
            self.move(max(seconds, LEAST_SLEEP_S))
            worker.pause()
        else:
            really_sleep(seconds)

    def move(self, seconds: float) -> None:
        self._passed += seconds
        self._shift(timedelta(seconds=seconds))


class Worker(threading.Thread):
    """Does `work` on the test's own database connection, between two pauses at a time."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self.is_done = False
        self._work = work
        self._database: BaseDatabaseWrapper = connections["default"]
        self._depth = len(connection.savepoint_ids)
        self._is_dying = False
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self.start()

    def run(self) -> None:
        connections["default"] = self._database
        self._go.acquire()
        try:
            if not self._is_dying:
                self._work()
        except WorkerDiedError:
            pass
        except BaseException as exc:  # noqa: BLE001 - raised again where the test waits
            self.error = exc
        self.is_done = True
        self._back.release()

    def step(self) -> None:
        """Let it go on to its next pause or its end."""
        if not self.is_done:
            self._go.release()
            self._back.acquire()
        if self.error:
            raise self.error

    def finish(self) -> None:
        while not self.is_done:
            self.step()

    def bury(self) -> None:
        """End the thread; what it still writes on its way out is of no interest any more."""
        self._is_dying = True
        self.step()

    def pause(self) -> None:
        if self._is_dying:
            raise WorkerDiedError
        assert len(connection.savepoint_ids) == self._depth, "a pause inside a transaction"
        self._back.release()
        self._go.acquire()
        if self._is_dying:
            raise WorkerDiedError


def pause() -> None:
    """Only workers do; whatever the test itself asks is answered at once."""
    worker = threading.current_thread()
    if isinstance(worker, Worker):
        worker.pause()


class PausingFence:
    """Pauses once the check has passed: from there on the write may land at any time."""

    def __init__(self, fence: Fence) -> None:
        self._fence = fence

    @property
    def token(self) -> int:
        return self._fence.token

    def check(self) -> None:
        self._fence.check()
        pause()


class SteppedRuntime(FakeRuntime):
    def _enter(self, method: str) -> None:
        pause()
        super()._enter(method)

    def apply(self, spec: ServiceSpec, *, fence: Fence) -> list[ObservedInstance]:
        return super().apply(spec, fence=PausingFence(fence))

    def promote(self, engine_id: str, *, fence: Fence) -> None:
        super().promote(engine_id, fence=PausingFence(fence))

    def start(self, engine_id: str, *, fence: Fence) -> None:
        super().start(engine_id, fence=PausingFence(fence))

    def set_names(
        self, engine_id: str, network: str, *, address: str, names: Sequence[str], fence: Fence
    ) -> None:
        super().set_names(
            engine_id, network, address=address, names=names, fence=PausingFence(fence)
        )

    def resume(self, engine_id: str, *, fence: Fence) -> None:
        super().resume(engine_id, fence=PausingFence(fence))

    def stop(self, engine_id: str, *, grace_s: int, fence: Fence) -> None:
        super().stop(engine_id, grace_s=grace_s, fence=PausingFence(fence))

    def remove(self, engine_id: str, *, fence: Fence) -> None:
        super().remove(engine_id, fence=PausingFence(fence))


class SteppedRouter(MemoryRouter):
    @property
    def is_refusing(self) -> bool:
        return bool(self._failures)

    def heal(self) -> None:
        self._failures.clear()

    def publish(self, wanted: RouteTable | Callable[[], RouteTable]) -> None:
        pause()
        super().publish(wanted)
