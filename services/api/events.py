"""/events: the team's numbered events after a number, for those who were away."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.described import Described
from services.api.query import Reader, identifier, number, one_of, query, word
from services.api.serializers.event import EventsJson, event_json
from services.api.team_view import WorkspaceView
from services.events import STATUS_CHANGED

MOST = 1000
USUAL = 100
NAMES = ("deployment_event", STATUS_CHANGED)
COLUMNS = (
    ("service_id", "service_id"),
    ("event", "name"),
    ("event_type", "event_type"),
    ("before", "number__lt"),
)
ASKED: dict[str, Reader] = {
    "since": number(0, 2**62),
    "before": number(0, 2**62),
    "service_id": identifier,
    "event": one_of(NAMES),
    "event_type": word,
    "limit": number(1, MOST),
}


class EventList(WorkspaceView):
    """In order after `since`; without it the latest ones, or those right before `before`, still in
    order."""

    scopes = scopes.READ

    @Described(
        "listEvents",
        "Numbered events, in order",
        about="After `since`; without it the latest, or the latest before `before`.",
        query=ASKED,
        answer=EventsJson,
    )
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        limit, since = want.get("limit", USUAL), want.get("since")
        exact = {column: want[name] for name, column in COLUMNS if name in want}
        rows = find.events(self.admission).filter(**exact)
        if since is None:
            found = list(reversed(rows.order_by("-number")[:limit]))
        else:
            found = list(rows.filter(number__gt=since).order_by("number")[:limit])
        last = found[-1].number if found else since
        return Response({"data": [event_json(row) for row in found], "meta": {"last": last}})
