"""What goes into an address and its headers, in words: one row per name, whoever uses it."""

from collections.abc import Iterable, Mapping

from services.api import idempotency
from services.api.described import IF_MATCH, Described
from services.models.checks import Schema
from services.teams.views import TeamView

AN_ID = {"type": "string", "format": "uuid"}
EXAMPLE_ID = "01234567-89ab-cdef-0123-456789abcdef"
PATH = {
    "team_id": "The team; `/me` tells it.",
    "service_id": "",
    "workspace_id": "",
    "operation_id": "",
    "build_id": "",
    "token_id": "",
    "invitation_id": "",
    "user_id": "A member's number.",
    "number": "The release's number.",
}
QUERY = {
    "action": "Only what is called so, for example `service.deploy`.",
    "actor": "The name of a user, or the prefix of a token.",
    "after": "Go on after this: what the answer before said.",
    "against": "The release to compare with; unsaid, the one before.",
    "before": "The latest before this number, or before this moment.",
    "cursor": "Exactly what came after it: the `cursor` of an answer or of a line. Goes with "
    "neither `lines` nor `since`.",
    "event": "Only events of this name.",
    "event_type": "Only events of this type, for example `deployment_completed`.",
    "follow": "Answer line by line, and go on as lines are said.",
    "instance": "Only lines of this instance: its name, as lines have it.",
    "is_revoked": "Only revoked ones, or only those that are not.",
    "kind": "Only operations of this kind.",
    "limit": "How many at most.",
    "lines": "How many of the last lines; 100 if not said.",
    "name": "What to call it; unsaid, a name is made.",
    "object": "The id or the name of what was changed.",
    "operation_id": "Only those of this operation.",
    "path": "Inside the workspace.",
    "range": "How far back; an hour if not said.",
    "scope": "Only tokens of this scope.",
    "search": "Only what has this text in it.",
    "service_id": "Only those of this service.",
    "service_type": "Only services of this type.",
    "since": "Only what came after.",
    "sort_by": "What to sort by.",
    "sort_order": "Upwards or downwards.",
    "source": "The image that is replaced.",
    "state": "Only those in this state.",
    "status": "Only services with this status.",
    "step": "How much time one value stands for; a 60th of the range if not said.",
    "storage_backend": "Only workspaces of this kind.",
    "stream": "Only lines of this stream.",
    "until": "Only what came before.",
    "volumes": "Also remove its data. There is no way back.",
    "workspace_id": "Only those of this workspace.",
}
TEAM = {
    "name": "X-Team-ID",
    "in": "header",
    "description": "The team, again: address, header and token must agree. The dashboard's session "
    "may leave it out.",
    "schema": AN_ID,
}
KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "description": "The same request with the same key is carried out once, and answered again for "
    "a day.",
    "schema": {"type": "string", "pattern": f"^{idempotency.KEY.pattern}$"},
}
MATCH = {
    "name": IF_MATCH,
    "in": "header",
    "description": "The `ETag` that was read: refused with 412 when somebody changed it meanwhile.",
    "schema": {"type": "string"},
}
COMPONENTS: Mapping[str, Schema] = {
    "TeamHeader": {**TEAM, "required": True},
    "OptionalTeamHeader": TEAM,
    "IdempotencyKey": KEY,
    "IfMatch": MATCH,
}


def of_path(name: str, schema: Schema) -> Schema:
    is_id = schema.get("format") == "uuid"
    return {
        "name": name,
        "in": "path",
        "required": True,
        **({"description": PATH[name]} if PATH[name] else {}),
        "schema": schema,
        **({"example": EXAMPLE_ID} if is_id else {}),
    }


def of_query(said: Described) -> list[Schema]:
    return [
        {
            "name": name,
            "in": "query",
            **({"required": True} if name in said.needs else {}),
            "allowEmptyValue": name not in said.needs,  # as if it were not there
            "description": QUERY[name],
            "schema": reader.schema,
        }
        for name, reader in said.query.items()
    ]


def of_headers(view: object, method: str, said: Described, path: Iterable[str]) -> list[str]:
    """Names of components that this method takes."""
    found = []
    if isinstance(view, TeamView):
        found.append("TeamHeader" if "team_id" in path else "OptionalTeamHeader")
    if method == "POST":
        found.append("IdempotencyKey")
    if IF_MATCH in said.headers:
        found.append("IfMatch")
    return found
