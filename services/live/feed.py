"""Reads for the live face, from one thread with one database connection."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar
from uuid import UUID

from django.db import close_old_connections, connections
from django.db.models import F, Min

from services.live.frames import Frame, event_frame
from services.models import Event, TeamSequence

BATCH = 500
P = ParamSpec("P")
T = TypeVar("T")


class Feed:
    """Runs database work of the event loop; one thread, so that reads of a team stay in order."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="live")

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        def in_thread() -> T:
            close_old_connections()
            return work(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._executor, in_thread)

    def close(self) -> None:
        self._executor.submit(connections.close_all)
        self._executor.shutdown(wait=False)


def last_number(team_id: UUID) -> int:
    found = TeamSequence.objects.filter(team_id=team_id).values_list("last", flat=True).first()
    return found or 0


def first_kept(team_id: UUID) -> int | None:
    """The oldest event that was not pruned yet."""
    oldest: int | None = Event.objects.filter(team_id=team_id).aggregate(n=Min("number"))["n"]
    return oldest


def frames_after(team_id: UUID, number: int) -> list[Frame]:
    """The next events, in order; fewer than `BATCH` says there are no more now."""
    rows = Event.objects.filter(team_id=team_id, number__gt=number).order_by("number")
    found = rows.annotate(workspace_id=F("service__workspace_id"))[:BATCH]
    return [event_frame(row, workspace_id=row.workspace_id) for row in found]
