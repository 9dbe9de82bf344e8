"""/events: the team's numbered events after a number, for those who were away."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.query import identifier, number, query
from services.api.serializers.event import event_json
from services.api.team_view import WorkspaceView

MOST = 1000
USUAL = 100


class EventList(WorkspaceView):
    """In order after `since`; without it the latest ones, still in order."""

    scopes = scopes.READ

    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, since=number(0, 2**62), service_id=identifier, limit=number(1, MOST))
        limit, since = want.pop("limit", USUAL), want.pop("since", None)
        rows = find.events(self.admission).filter(**want)
        if since is None:
            found = list(reversed(rows.order_by("-number")[:limit]))
        else:
            found = list(rows.filter(number__gt=since).order_by("number")[:limit])
        last = found[-1].number if found else since
        return Response({"data": [event_json(row) for row in found], "meta": {"last": last}})
