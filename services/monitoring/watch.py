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
# The engine says why before it says `die`: `oom` right before, `kill` up to a stop's grace before,
# of whatever it was asked to end, and of all there is when it is stopped itself.
CAUSES_S = {"oom": 5.0, "kill": 60.0}


def run(stopped: Callable[[], bool]) -> None:
    """Until `stopped()`: read events, note crashes, and let another thread reconcile, so that
    reading never waits for acting."""
    todo: Queue[uuid.UUID] = Queue()
    causes: dict[str, EngineEvent] = {}
    worker = threading.Thread(target=_work, args=(todo, stopped), name="repairs", daemon=True)
    worker.start()
    while not stopped():
        try:
            for event in runtime().watch(install=settings.KYOZO["INSTALL"], stopped=stopped):
                _take_in(event, todo, causes)
        except EngineError as exc:
            log.warning("the engine's events are silent: %s", exc.message)
            _guarded(engine_lost)
            time.sleep(1)


def _take_in(event: EngineEvent, todo: "Queue[uuid.UUID]", causes: dict[str, EngineEvent]) -> None:
    if event.gap:
        todo.put(EVERYTHING)
        return
    if event.kind == LOST:
        _guarded(engine_lost)
        return
    if event.kind in CAUSES_S:
        causes[event.engine_id] = event
    if event.kind == "die":
        cause = _cause(event, causes.pop(event.engine_id, None))
        _guarded(lambda: note_death(event, cause=cause))
    if event.kind == "destroy":
        causes.pop(event.engine_id, None)
    if event.kind in LOOK_AT and event.service_id:
        todo.put(uuid_of(event.service_id))


def _cause(death: EngineEvent, said: EngineEvent | None) -> str:
    return said.kind if said and death.at - said.at < CAUSES_S[said.kind] else ""


def note_death(event: EngineEvent, *, cause: str = "") -> None:
    """An instance that is to stay has ended: if it served, say so. By itself, which is without
    cause or with `oom`: count it. With `kill` it was ended by somebody or by an engine that stops.
    """
    rows = Instance.objects.alive().filter(leaving_at=None, pk=uuid_of(event.instance_id))
    # It may end before the row has the engine's id of it.
    mine = rows.filter(engine_id__in=["", event.engine_id])
    row = mine.select_related("service").first()
    if row is None:
        return
    by_itself = cause != "kill"
    if by_itself:
        is_oom = cause == "oom"
        crashes.note_exit(row, exit_code=event.exit_code, at=event.at, is_oom_killed=is_oom)
    if not row.is_gated:
        return
    reason = "crashed" if by_itself else "killed from outside"
    events.publish(
        row.service,
        event_type="container_stopped",
        data={"instance": row.name, "exit_code": event.exit_code, "reason": reason},
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
