"""The sweep: every service that nobody works on gets one pass, so that drift is repaired."""

import logging
import time
import uuid

from services.errors import EngineUnreachableError, FenceLostError, KyozoError
from services.lifecycle.claims import claim
from services.lifecycle.engine import router
from services.lifecycle.reconcile import reconcile
from services.lifecycle.routes import republish
from services.lifecycle.status import mark_stale, refresh_status
from services.models import Operation, Service, WantedState

log = logging.getLogger(__name__)

LONGEST_S = 10.0
PAUSE_S = 0.1


def sweep_services() -> int:
    """One round over all services that run or still have instances; how many were looked at."""
    router().ensure_running()
    republish()
    looked = 0
    for pk in _idle_services():
        try:
            looked += settle(pk)
        except EngineUnreachableError:
            mark_stale()
            raise
        except KyozoError as exc:
            log.warning("service %s: %s", pk, exc.message)
    return looked


def settle(service_id: uuid.UUID) -> int:
    """Passes over one service until nothing more is to be done right now; 1 if it was looked at.

    Stands back when an operation is open: that operation's worker runs the passes.
    """
    if Operation.objects.open().filter(service_id=service_id).exists():
        return 0
    mine = claim(service_id)
    if mine is None:
        return 0
    deadline = time.monotonic() + LONGEST_S
    try:
        while reconcile(mine).acted and time.monotonic() < deadline:
            if Operation.objects.open().filter(service_id=service_id).exists():
                break
            time.sleep(PAUSE_S)
    except FenceLostError:
        log.info("service %s was taken over", service_id)
    finally:
        mine.release()
    return 1


def engine_lost() -> None:
    """Everything that should run is unknown from now on, until it is seen again."""
    for service in Service.objects.filter(wanted_state=WantedState.RUNNING):
        refresh_status(service, is_lost=True)


def _idle_services() -> list[uuid.UUID]:
    wanted = Service.objects.filter(wanted_state=WantedState.RUNNING)
    leftover = Service.objects.filter(instances__removed_at=None, instances__isnull=False)
    return list((wanted | leftover).distinct().values_list("pk", flat=True))
