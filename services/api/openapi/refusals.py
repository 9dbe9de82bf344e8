"""Which errors a request can get: those of its kind, and those that its view names."""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.views import APIView

from services.api import health, idempotency
from services.api.answers import ErrorJson
from services.api.described import ETAG, IF_MATCH, Described
from services.api.openapi.shapes import Shapes
from services.models.checks import Schema
from services.teams.views import TeamView

SAYS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "Not the shape asked for: an unknown field, a wrong type, no X-Team-ID."),
    401: ("unauthorized", "No token, or one that opens nothing."),
    403: ("forbidden", "Role or scope do not reach, or the header names another team."),
    404: ("not_found", "Not there, or not yours."),
    408: ("too_slow", "The body did not come in time."),
    409: ("conflict", "The state forbids it now."),
    412: ("changed", "Somebody changed it since it was read."),
    413: ("too_large", "More was sent than is taken."),
    415: ("unsupported_media_type", "Another Content-Type than those that are taken."),
    422: ("invalid", "Understood and not acceptable; `details` says why, field by field."),
    429: ("rate_limited", "Too many requests; `Retry-After` says how long to wait."),
    500: ("internal_error", "A mistake of the platform; its log has it under the request's id."),
    503: ("engine.unreachable", "The container engine does not answer."),
}
MESSAGES: Mapping[int, tuple[str, dict[str, list[str]] | None]] = {
    400: ("Invalid request parameters", {"field": ["is required"]}),
    401: ("Authentication required", None),
    403: ("Insufficient permissions for this operation", None),
    404: ("Service not found", None),
    422: (
        "Service validation failed",
        {"name": ["has already been taken"], "port_mappings": ["port 8080 is already in use"]},
    ),
    500: ("Internal server error occurred", None),
}
A_REQUEST = "5f0c6f6c9d5b4a0c8f0a6a1d2f3e4b5c"
NUMBER = {"type": "integer"}
HEADERS: Mapping[str, Schema] = {
    "X-Request-ID": {
        "description": "Names this request, as the platform's log does.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    "X-RateLimit-Limit": {
        "description": "How many requests may come.",
        "required": True,
        "schema": NUMBER,
    },
    "X-RateLimit-Remaining": {
        "description": "How many are left.",
        "required": True,
        "schema": NUMBER,
    },
    "X-RateLimit-Reset": {
        "description": "Until when, in Unix time.",
        "required": True,
        "schema": NUMBER,
    },
    "Retry-After": {"description": "How many seconds to wait.", "schema": NUMBER},
    "WWW-Authenticate": {"schema": {"const": "Bearer"}},
    ETAG: {
        "description": "Of the settings; what is only observed changes no tag.",
        "schema": {"type": "string"},
    },
    "Link": {
        "description": "Where the next page is, if there is one.",
        "schema": {"type": "string", "examples": ['<https://.../services?after=...>; rel="next"']},
    },
    idempotency.REPLAYED: {
        "description": "The answer to an earlier request with this key.",
        "schema": {"const": "true"},
    },
}
EXTRA: Mapping[int, tuple[str, ...]] = {401: ("WWW-Authenticate",), 429: ("Retry-After",)}
UNCOUNTED = (health.Live, health.Ready)


def statuses(view: APIView, method: str, said: Described) -> dict[int, tuple[str, ...]]:
    """By status, the codes that are this request's own; none where there are only usual ones."""
    found: dict[int, tuple[str, ...]] = dict.fromkeys(_usual(view, method, said), ())
    for status, codes in said.refuses.items():
        found[status] = (*found.get(status, ()), *codes)
    return dict(sorted(found.items()))


def _usual(view: APIView, method: str, said: Described) -> Iterator[int]:
    yield from (400, 500)
    if isinstance(view, UNCOUNTED):
        return
    yield from (401, 429)
    if isinstance(view, TeamView):
        yield from (403, 404)
        if view.is_long:
            yield 409
    if method == "POST":  # another request under the same Idempotency-Key
        yield 422
    if said.body or view.get_parsers()[0].media_type != "application/json":
        yield from (408, 413, 415, 422)
    if IF_MATCH in said.headers:
        yield 412


def response(status: int, codes: tuple[str, ...], *, view: APIView, shapes: Shapes) -> Schema:
    usual, about = SAYS[status]
    if codes:
        about += f" Codes: {', '.join(f'`{code}`' for code in codes)}."
    content = {"schema": wrapped(shapes), "example": example(status, codes[0] if codes else usual)}
    return {
        "description": about,
        "headers": headers(view, EXTRA.get(status, ())),
        "content": {"application/json": content},
    }


def wrapped(shapes: Shapes) -> Schema:
    return {
        "type": "object",
        "properties": {"error": shapes.of(ErrorJson)},
        "required": ["error"],
        "additionalProperties": False,
    }


def headers(view: APIView, more: tuple[str, ...]) -> Schema:
    counted = () if isinstance(view, UNCOUNTED) else tuple(HEADERS)[1:4]
    names = ("X-Request-ID", *counted, *more)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def example(status: int, code: str) -> dict[str, Any]:
    """The seed's words, where it has some."""
    usual, about = SAYS[status]
    message, details = MESSAGES.get(status, (about, None)) if code == usual else (about, None)
    fields = {"details": details} if details else {}
    return {"error": {"message": message, "code": code, **fields, "request_id": A_REQUEST}}
