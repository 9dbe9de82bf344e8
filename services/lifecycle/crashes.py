"""Crash loops: exits are counted in rows; after five in five minutes we do the restarting, slowly.

Until then the engine restarts what passed its gate, at once and without us. What keeps ending is
taken over: no restart policy, and pauses of 10 s doubling to 5 min. It is given back to the engine
once it stayed up for a whole window.
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from services import events
from services.lifecycle import describe
from services.lifecycle.claims import Claim, fenced
from services.lifecycle.engine import runtime
from services.models import Instance, Service

Exit = Mapping[str, Any]

# Enough for the pause to grow to its longest.
KEPT_IN_A_LOOP = 15
# What ends before it is a crash loop, and is ours to start because it never passed its gate.
FIRST_PAUSES_S = (0, 1, 2, 5)


def note_exit(
    row: Instance, *, exit_code: int | None, at: float = 0.0, is_oom_killed: bool = False
) -> None:
    """Count one end of an instance's process; an event that comes twice counts once."""
    at = at or time.time()
    with transaction.atomic():
        fresh = Instance.objects.select_for_update(no_key=True).get(pk=row.pk)
        if any(one["at"] == at for one in fresh.exits):
            return
        kept = fresh.exits if loops(fresh.exits) else _recent(fresh.exits, at)
        one = {"at": at, "exit_code": exit_code, "oom": is_oom_killed}
        fresh.exits = [*kept, one][-int(settings.KYOZO["CRASH_EXITS"]) - KEPT_IN_A_LOOP :]
        fresh.save(update_fields=["exits"])


def _recent(exits: Sequence[Exit], at: float) -> list[Exit]:
    return [one for one in exits if at - one["at"] <= settings.KYOZO["CRASH_WINDOW_S"]]


def loops(exits: Sequence[Exit]) -> bool:
    """Older ones than the window are dropped until it is a loop, so their number says it."""
    return len(exits) >= int(settings.KYOZO["CRASH_EXITS"])


def is_due(row: Instance) -> bool:
    """Whether an ended instance may be started again now: later after each exit."""
    last_exit = row.exits[-1]["at"] if row.exits else 0.0
    # Started after the last exit we know of: there was another one.
    last_start = row.started_at.timestamp() if row.started_at else 0.0
    return time.time() - max(last_exit, last_start) > pause_s(row)


def pause_s(row: Instance) -> float:
    if loops(row.exits):
        since = len(row.exits) - int(settings.KYOZO["CRASH_EXITS"])
        first, longest = settings.KYOZO["CRASH_PAUSE_S"], settings.KYOZO["CRASH_PAUSE_MAX_S"]
        return float(min(first * 2.0**since, longest))
    count = max(len(row.exits), row.restarts)
    return FIRST_PAUSES_S[min(count, len(FIRST_PAUSES_S) - 1)]


def is_over(row: Instance) -> bool:
    """Whether a crash loop has ended: up, and past its gate, for a whole window."""
    if row.looping_at is None or row.started_at is None or not row.is_gated:
        return False
    up = timezone.now() - row.started_at
    return row.state == "running" and up.total_seconds() > settings.KYOZO["CRASH_WINDOW_S"]


def take_over(service: Service, row: Instance, *, fence: Claim) -> None:
    """From the engine, whose own pauses end at a minute and which tells nobody."""
    runtime().demote(row.engine_id, fence=fence)
    row.looping_at = timezone.now()
    row.trouble = describe.crash_loop(row)
    with fenced(fence):
        row.save(update_fields=["looping_at", "trouble"])
        events.publish(
            service,
            event_type="container_stopped",
            data={"instance": row.name, "reason": "crash_loop"},
            error=row.trouble,
        )


def look_again(row: Instance, *, fence: Claim) -> None:
    """What the last run said, before the next one begins."""
    if row.looping_at is not None:
        row.trouble = describe.crash_loop(row)
        with fenced(fence):
            row.save(update_fields=["trouble"])


def give_back(row: Instance, *, fence: Claim) -> None:
    runtime().promote(row.engine_id, fence=fence)
    row.looping_at, row.exits, row.trouble = None, [], {}
    with fenced(fence):
        row.save(update_fields=["looping_at", "exits", "trouble"])
