"""When an unhealthy instance may be replaced: at once the first time, then after growing pauses.

What is removed keeps its row, so the rows of those that left unhealthy are the count.
"""

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from services.models import Instance

# Long enough to hold so many that the pause stays at its longest.
REMEMBERED_PAUSES = 6


def replaceable(rows: Iterable[Instance]) -> set[uuid.UUID]:
    """Of living instances of one service: those that serve badly and whose turn has come."""
    unhealthy = [row for row in rows if is_unhealthy(row) and row.leaving_at is None]
    now = timezone.now()
    return {row.id for row in unhealthy if now >= _not_before(row, now)}


def is_unhealthy(row: Instance) -> bool:
    return row.is_gated and row.health == "unhealthy"


def _not_before(row: Instance, now: datetime) -> datetime:
    longest: float = settings.KYOZO["CRASH_PAUSE_MAX_S"]
    left = Instance.objects.filter(
        service=row.service_id,
        generation=row.generation,
        health="unhealthy",
        leaving_at__gt=now - timedelta(seconds=REMEMBERED_PAUSES * longest),
    )
    times = sorted(at for at in left.values_list("leaving_at", flat=True) if at)
    if not times:
        return now
    pause: float = min(settings.KYOZO["CRASH_PAUSE_S"] * 2.0 ** (len(times) - 1), longest)
    return times[-1] + timedelta(seconds=pause)
