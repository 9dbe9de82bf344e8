"""/audit: who did what, newest first; for administrators."""

from typing import Annotated, Any, TypedDict

from django.db.models import Q
from rest_framework.request import Request
from rest_framework.response import Response

from services.api import scopes
from services.api.answers import Id, Instant, Json, PageOf, such_as, words
from services.api.described import Described
from services.api.paging import Order
from services.api.query import Reader, query, word
from services.api.team_view import TeamView
from services.models import AuditEntry
from services.models.times import instant, iso

ORDER = Order({"at": "at"}, by="at", descending=True)
INSTANT = Reader(instant, {"type": "string", "format": "date-time"})
ASKED: dict[str, Reader] = {
    "action": word,
    "actor": word,
    "object": word,
    "since": INSTANT,
    "until": INSTANT,
    **ORDER.readers(),
}


class ActorJson(TypedDict):
    """A token acts for its user, so both are named."""

    kind: Annotated[str, words(("user", "token", "platform"))]
    user_id: int | None
    name: str | None
    token_id: Id | None
    token_prefix: str | None


class ObjectJson(TypedDict):
    kind: str
    id: str
    name: str


class EntryJson(TypedDict):
    id: Id
    at: Instant
    action: Annotated[str, such_as("service.deploy")]
    actor: ActorJson
    object: ObjectJson
    address: str | None
    request_id: str | None
    before: Json
    after: Json


class AuditLog(TeamView):
    """`actor` is a user's name or a token's prefix, `object` an id or a name."""

    scopes = scopes.ADMIN

    @Described(
        "listAuditLog",
        "Who did what, newest first",
        about="For administrators.",
        query=ASKED,
        answer=PageOf[EntryJson],
    )
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        rows = AuditEntry.objects.filter(_asked(want), team=self.team)
        return ORDER.page(rows, want).answer(request, entry_json)


def _asked(want: dict[str, Any]) -> Q:
    filters = {
        "action": lambda value: Q(action=value),
        "actor": lambda value: Q(user_name=value) | Q(token_prefix=value),
        "object": lambda value: Q(object_id=value) | Q(object_name=value),
        "since": lambda value: Q(at__gte=value),
        "until": lambda value: Q(at__lt=value),
    }
    asked = Q()
    for name in filters.keys() & want.keys():
        asked &= filters[name](want[name])
    return asked


def entry_json(entry: AuditEntry) -> EntryJson:
    return {
        "id": str(entry.id),
        "at": iso(entry.at),
        "action": entry.action,
        "actor": actor_json(entry),
        "object": {"kind": entry.kind, "id": entry.object_id, "name": entry.object_name},
        "address": entry.address or None,
        "request_id": entry.request_id or None,
        "before": entry.before,
        "after": entry.after,
    }


def actor_json(entry: AuditEntry) -> ActorJson:
    kind = "platform" if entry.user_id is None else "token" if entry.token_id else "user"
    return {
        "kind": kind,
        "user_id": entry.user_id,
        "name": entry.user_name or None,
        "token_id": str(entry.token_id) if entry.token_id else None,
        "token_prefix": entry.token_prefix or None,
    }
