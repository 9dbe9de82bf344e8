"""Following the engine's events: what dies, stops or vanishes is looked at within moments."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from queue import Empty, Queue

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from services import events
from services.errors import EngineError, KyozoError
from services.lifecycle import crashes
from services.lifecycle.engine import runtime
from services.lifecycle.observe import uuid_of
from services.lifecycle.sweep import engine_lost, settle, sweep_services
from services.models import Instance
from services.runtimes.base import EngineEvent

log = logging.getLogger(__name__)

LOOK_AT = frozenset({"die", "destroy", "start", "oom", "stop", "pause", "unpause", "rename"})
LOST = "lost"
EVERYTHING = uuid.UUID(int=0)  # also what a label that is no id leads to: look everywhere
# The engine says `oom` and `die` apart, one right after the other.
OOM_BEFORE_S = 5.0


def run(stopped: Callable[[], bool]) -> None:
    """Until `stopped()`: read events, note crashes, and let another thread reconcile, so that
    reading never waits for acting."""
    todo: Queue[uuid.UUID] = Queue()
    short_of_memory: dict[str, float] = {}
    worker = threading.Thread(target=_work, args=(todo, stopped), name="repairs", daemon=True)
    worker.start()
    while not stopped():
        try:
            for event in runtime().watch(install=settings.KYOZO["INSTALL"], stopped=stopped):
                _take_in(event, todo, short_of_memory)
        except EngineError as exc:
            log.warning("the engine's events are silent: %s", exc.message)
            _guarded(engine_lost)
            time.sleep(1)


def _take_in(
    event: EngineEvent, todo: "Queue[uuid.UUID]", short_of_memory: dict[str, float]
) -> None:
    if event.gap:
        todo.put(EVERYTHING)
        return
    if event.kind == LOST:
        _guarded(engine_lost)
        return
    if event.kind not in LOOK_AT or not event.service_id:
        return
    if event.kind == "oom":
        short_of_memory[event.engine_id] = event.at
    if event.kind == "die":
        since_oom = event.at - short_of_memory.pop(event.engine_id, 0.0)
        _guarded(lambda: note_death(event, is_oom_killed=since_oom < OOM_BEFORE_S))
    todo.put(uuid_of(event.service_id))


def note_death(event: EngineEvent, *, is_oom_killed: bool = False) -> None:
    """An instance that is to stay has ended by itself: count it. If it served, say so, too."""
    rows = Instance.objects.alive().filter(leaving_at=None, pk=uuid_of(event.instance_id))
    # It may end before the row has the engine's id of it.
    mine = rows.filter(engine_id__in=["", event.engine_id])
    row = mine.select_related("service").first()
    if row is None:
        return
    crashes.note_exit(row, exit_code=event.exit_code, at=event.at, is_oom_killed=is_oom_killed)
    if not row.is_gated:
        return
    events.publish(
        row.service,
        event_type="container_stopped",
        data={"instance": row.name, "exit_code": event.exit_code, "reason": "crashed"},
        error={"message": f"the process exited with code {event.exit_code}"},
    )


def _work(todo: "Queue[uuid.UUID]", stopped: Callable[[], bool]) -> None:
    while not stopped():
        try:
            first = todo.get(timeout=0.5)
        except Empty:
            continue
        for service_id in _all_of(first, todo):
            _guarded(lambda pk=service_id: _look(pk))  # type: ignore[misc]


def _all_of(first: uuid.UUID, todo: "Queue[uuid.UUID]") -> set[uuid.UUID]:
    """What has piled up, each once."""
    found = {first}
    while not todo.empty():
        found.add(todo.get())
    return {EVERYTHING} if EVERYTHING in found else found


def _look(service_id: uuid.UUID) -> None:
    if service_id == EVERYTHING:
        sweep_services()
    else:
        settle(service_id)


def _guarded(work: Callable[[], object]) -> None:
    """Nothing that goes wrong in one look may end the watch; the sweep looks again anyway."""
    try:
        work()
    except (KyozoError, DatabaseError) as exc:
        log.warning("a look at the engine failed: %s", exc)
    finally:
        close_old_connections()
