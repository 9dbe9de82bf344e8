"""/services/ID/logs: the last lines, those after a cursor, or all that come."""

from typing import Annotated, Any, TypedDict, cast
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data, Instant, words
from services.api.described import Described
from services.api.query import CURSOR, TRUTH, Reader, moment, number, one_of, query, word
from services.api.serializers.monitoring import LogsJson, logs_json
from services.api.team_view import WorkspaceView
from services.errors import BadRequestError
from services.models import Service
from services.monitoring.follow import HANDOVER, Following, Handover
from services.monitoring.lines import Wish
from services.monitoring.logs import MOST_LINES
from services.monitoring.positions import Position

USUAL = 100
NDJSON = "application/x-ndjson"
ASKED: dict[str, Reader] = {
    "lines": number(1, MOST_LINES),
    "since": moment,
    "stream": one_of(("stdout", "stderr")),
    "search": word,
    "instance": word,
    "follow": TRUTH,
    "cursor": Reader(Position.parse, CURSOR),
}

ABOUT = (
    "With `follow` the answer is a stream of JSON objects, one a line, that goes on as lines are "
    "said. Each has a `cursor` that resumes right after it; a quiet log sends `cursor` alone every "
    "15 s. `end` and `message` stand in the last line where the server ends it."
)


class FollowedJson(TypedDict, total=False):
    """A line of a followed log."""

    time: Instant | None
    instance: str
    stream: Annotated[str, words(("stdout", "stderr"))]
    line: str
    cursor: str
    end: Annotated[str, words(("access_ended", "service_removed", "too_slow"))]
    message: str


class ServiceLogs(WorkspaceView):
    """With `follow` the first lines are answered from here; the server carries on where it can
    (services/live/log_stream.py), else programs come again with the last `cursor`."""

    scopes = scopes.READ

    @Described(
        "getServiceLogs",
        "The last lines, those after a cursor, or all that come",
        about=ABOUT,
        query=ASKED,
        answer=Data[LogsJson],
        refuses={429: ("logs.too_many_followers",)},
        streams={NDJSON: FollowedJson},
    )
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response | HttpResponse:
        service = find.service(self.admission, service_id)
        want = query(request, **ASKED)
        if "cursor" in want and (wrong := want.keys() & {"since", "lines"}):
            details = {name: ["goes with no cursor, which tells all since then"] for name in wrong}
            raise BadRequestError("Invalid request parameters", details=details)
        following = self._following(request, service, want)
        if "cursor" in want:
            found = following.news() or []
        else:
            found = following.begin(lines=want.get("lines", USUAL), since=want.get("since", ""))
        if want.get("follow") == "true":
            # Last: what is handed over does not end with this answer any more.
            handover = request.META.get("asgi.scope", {}).get(HANDOVER)
            if isinstance(handover, Handover):
                handover.take(following)
            return HttpResponse("".join(one.line for one in found), content_type=NDJSON)
        cursor = following.position.text()
        return Response({"data": logs_json([one.entry for one in found], cursor=cursor)})

    def _following(self, request: Request, service: Service, want: dict[str, Any]) -> Following:
        token = self.caller.token
        return Following(
            service=service,
            position=want.get("cursor") or Position.now(),
            wish=Wish(*(want.get(name, "") for name in ("stream", "search", "instance"))),
            team_id=self.team.id,
            user_id=self.caller.user.pk,
            token_id=token.pk if token else None,
            session_key=None if token else cast("Any", request).session.session_key,
            is_resumed=want.get("follow") == "true",
        )
