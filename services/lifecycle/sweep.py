"""The sweep: every service that nobody works on gets one pass, so that drift is repaired."""

import logging
import time
import uuid

from services.errors import EngineError, EngineUnreachableError, FenceLostError, KyozoError
from services.lifecycle.claims import claim
from services.lifecycle.decide import Action, Gate
from services.lifecycle.engine import router, runtime
from services.lifecycle.freed_ports import close_unused, release_forgotten, release_unmapped
from services.lifecycle.glance import glance
from services.lifecycle.operations import has_worker, is_next, wake_waiting
from services.lifecycle.reconcile import Pass, reconcile
from services.lifecycle.routes import republish
from services.lifecycle.status import mark_stale, refresh_status
from services.models import Service, WantedState

log = logging.getLogger(__name__)

LONGEST_S = 10.0
PAUSE_S = 0.1


def sweep_services() -> int:
    """One round over all services that run or still have instances; how many were looked at."""
    router().ensure_running()
    release_forgotten()
    release_unmapped()
    _tell_router()
    close_unused()
    try:
        seen = glance()
        looked = len(seen.well)
        for pk in seen.others:
            looked += _guarded(pk)
    except EngineUnreachableError:
        engine_lost()
        raise
    except EngineError:
        mark_stale()
        raise
    return looked


def _tell_router() -> None:
    """A router that does not take its table is no reason to leave the services alone."""
    try:
        republish()
    except KyozoError as exc:
        log.warning("the sweep goes on without new routes: %s", exc.message)


def _guarded(service_id: uuid.UUID) -> int:
    """One service's trouble is no reason not to look at the others."""
    try:
        return settle(service_id, is_patient=False)
    except EngineUnreachableError as exc:
        # A program's own words may be in what the engine says of it: the engine has to be asked.
        runtime().info()
        log.warning("service %s: %s", service_id, exc.message)
        return 1
    except KyozoError as exc:
        log.warning("service %s: %s", service_id, exc.message)
        return 1


def settle(service_id: uuid.UUID, *, is_patient: bool = True) -> int:
    """Passes over one service until nothing more is to be done right now; 1 if it was looked at.

    Stands back where an operation has a worker: that one runs the passes. Without patience an app
    that does not answer is asked once: the sweep has others to look at.
    """
    if has_worker(service_id):
        return 0
    mine = claim(service_id)
    if mine is None:
        return 0
    deadline = time.monotonic() + LONGEST_S
    try:
        while _goes_on(reconcile(mine), is_patient=is_patient) and time.monotonic() < deadline:
            if is_next(service_id):
                break
            time.sleep(PAUSE_S)
    except FenceLostError:
        log.warning("service %s: taken over by another worker", service_id)
    finally:
        mine.release()
        wake_waiting(service_id)
    return 1


def _goes_on(this: Pass, *, is_patient: bool) -> bool:
    if is_patient:
        return bool(this.acted) or this.sight.is_resting
    return any(not _is_unanswered(this, action) for action in this.acted)


def _is_unanswered(this: Pass, action: Action) -> bool:
    return isinstance(action, Gate) and not this.sight.rows[action.id].good_answers


def engine_lost() -> None:
    """Everything that should run is unknown from now on, until it is seen again."""
    for service in Service.objects.filter(wanted_state=WantedState.RUNNING):
        refresh_status(service, is_lost=True)
