"""Scheduled health checks of instances that serve."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from services.errors import EngineError
from services.lifecycle.gate import health_plan, probe, take_in
from services.models import Instance
from services.probes.base import ProbeResult

log = logging.getLogger(__name__)

AT_ONCE = 8


def check_due() -> int:
    """Check every serving instance whose interval is over; how many were checked."""
    taken = [row.pk for row in _serving() if _is_due(row) and _take(row)]
    if not taken:
        return 0
    due = list(Instance.objects.filter(pk__in=taken).select_related("release", "service"))
    # Only the waiting is done in threads: they touch no database.
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(due))) as pool:
        results = list(pool.map(_probe, due))
    for row, result in zip(due, results, strict=True):
        if result is not None:
            take_in(row.service, row, result)
    return len(due)


def _probe(row: Instance) -> ProbeResult | None:
    """None when its engine could not ask: that says nothing of it, nor of the others."""
    try:
        return probe(row)
    except EngineError as exc:
        log.warning("%s was not checked: %s", row.name, exc.message)
        return None


def _serving() -> QuerySet[Instance]:
    """Only what says when they are due: this is read every two seconds."""
    rows = Instance.objects.alive().filter(is_gated=True, leaving_at=None, state="running")
    return rows.select_related("release").only("checked_at", "release__config")


def _interval(row: Instance) -> timedelta:
    return timedelta(seconds=health_plan(row).interval_seconds)


def _is_due(row: Instance) -> bool:
    return row.checked_at is None or timezone.now() - row.checked_at >= _interval(row)


def _take(row: Instance) -> bool:
    """Mark it as being checked; False when another process was faster."""
    now = timezone.now()
    free = Q(checked_at=None) | Q(checked_at__lte=now - _interval(row))
    return Instance.objects.filter(free, pk=row.pk).update(checked_at=now) == 1
