"""Idempotency-Key: a POST that is sent again is answered again, and carried out once."""

import hashlib
import json
import re
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from django.db import IntegrityError, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from services.errors import BadRequestError, ConflictError, InvalidError
from services.models import KeptAnswer
from services.teams.policy import Caller
from services.teams.views import TeamView as View

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("ETag", "Link")
KEY = re.compile(r"[!-~]{1,255}")

Post = Callable[..., Response]


def once(post: Post) -> Post:
    """A view's `post` that keeps to the header; without one it is as it was."""

    @wraps(post)
    def answer(view: View, request: Request, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        work = partial(post, view, request, **kwargs)
        if key is None:
            return work()
        if not KEY.fullmatch(key):
            raise BadRequestError(f"{HEADER} must be 1 to 255 printable characters without spaces")
        row = KeptAnswer(
            team=view.team, caller=_name(view.caller), key=key, fingerprint=_fingerprint(request)
        )
        return _again(row) or (_long(row, work) if view.is_long else _at_once(row, work))

    return answer


def _again(row: KeptAnswer) -> Response | None:
    """What was answered before, if it was."""
    kept = KeptAnswer.objects.filter(team=row.team, caller=row.caller, key=row.key).first()
    if kept is None:
        return None
    if kept.is_over:
        kept.delete()
        return None
    if kept.fingerprint != row.fingerprint:
        raise InvalidError(
            f"This {HEADER} was used for another request",
            code="idempotency.other_request",
            fix="use a new key for every new request",
        )
    if kept.status is None:
        raise ConflictError(
            f"The first request with this {HEADER} has not ended, or was cut off",
            code="idempotency.unfinished",
            fix="look whether it had its effect before you ask again with another key",
        )
    return Response(kept.answer, status=kept.status, headers={**kept.headers, REPLAYED: "true"})


def _at_once(row: KeptAnswer, work: Callable[[], Response]) -> Response:
    """Key, effect and answer are one transaction: whoever dies half-way has done nothing. A second
    request with the key waits at its insert. An error keeps nothing, so it may be sent again."""
    try:
        with transaction.atomic():
            _insert(row)
            return _keep(row, work())
    except _TakenError:
        return _again(row) or _at_once(row, work)


def _long(row: KeptAnswer, work: Callable[[], Response]) -> Response:
    """For what takes too long to hold a transaction open: a second request is told to wait."""
    try:
        _insert(row)
    except _TakenError:
        return _again(row) or _long(row, work)
    try:
        return _keep(row, work())
    except BaseException:
        row.delete()
        raise


class _TakenError(Exception):
    """Another request was faster with the same key."""


def _insert(row: KeptAnswer) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as exc:
        row.pk = None
        raise _TakenError from exc


def _keep(row: KeptAnswer, response: Response) -> Response:
    row.status = response.status_code
    row.answer = json.loads(JSONRenderer().render(response.data) or b"null")
    row.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response}
    row.save(update_fields=["status", "answer", "headers"])
    return response


def _name(caller: Caller) -> str:
    return f"token:{caller.token.pk}" if caller.token else f"user:{caller.user.pk}"


def _fingerprint(request: Request) -> str:
    """Of address and body. An upload is known by its size: reading it twice would be too much."""
    if request.content_type.startswith("application/json") or not request.content_type:
        body = json.dumps(request.data, sort_keys=True)
    else:
        body = f"{request.content_type} {request.headers.get('Content-Length')}"
    return hashlib.sha256(f"{request.get_full_path()}\n{body}".encode()).hexdigest()
