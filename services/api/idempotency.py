"""Idempotency-Key: a POST that is sent again is answered again, and carried out once."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, wraps
from typing import Any
from uuid import UUID, uuid5

from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from services.api.first_write import lock_at_first_write
from services.errors import BadRequestError, ConflictError, InvalidError, KyozoError
from services.models import KeptAnswer
from services.teams.models import Team
from services.teams.views import TeamView

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT_HEADERS = ("ETag", "Link")
KEY = re.compile(r"[!-~]{1,255}")
# Until then whoever was cut off may be at work yet.
UNFINISHED = timedelta(minutes=15)
BUSY = "workspace.busy"
IDS = UUID("5b1a7c50-9d0e-4a53-8a5a-2f3c3f6f4f0e")

Post = Callable[..., Response]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose key it is: one key of two owners is two."""

    team: Team
    name: str


Whose = Callable[[Any, Request], Owner | None]


def of_caller(view: TeamView, request: Request) -> Owner:
    caller = view.caller
    name = f"token:{caller.token.pk}" if caller.token else f"user:{caller.user.pk}"
    return Owner(view.team, name)


def once(post: Post, *, whose: Whose = of_caller) -> Post:
    """A view's `post` that keeps to the header; without one it is as it was. Where `whose` names
    nobody there is nobody to answer again, and what is asked for is refused by the view."""

    @wraps(post)
    def answer(view: APIView, request: Request, **kwargs: Any) -> Response:
        key = request.headers.get(HEADER)
        work = partial(post, view, request, **kwargs)
        if key is None:
            return work()
        if not KEY.fullmatch(key):
            raise BadRequestError(f"{HEADER} must be 1 to 255 printable characters without spaces")
        owner = whose(view, request)
        if owner is None:
            return work()
        row = KeptAnswer(
            team=owner.team, caller=owner.name, key=key, fingerprint=_fingerprint(request)
        )
        if isinstance(view, TeamView) and view.is_long:
            return _long(row, work, view)
        return _again(row) or _at_once(row, work)

    return answer


def _kept(row: KeptAnswer) -> KeptAnswer | None:
    """The row of the first request with this key, if there was one."""
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
    return kept


def _again(row: KeptAnswer) -> Response | None:
    """What was answered before, if it was."""
    kept = _kept(row)
    if kept is None:
        return None
    if kept.status is None:
        raise _unfinished()
    return _replayed(kept)


def _replayed(kept: KeptAnswer) -> Response:
    headers = {**kept.headers, REPLAYED: "true"}
    return Response(kept.answer, status=kept.status, headers=headers)


def _unfinished() -> ConflictError:
    return ConflictError(
        f"The first request with this {HEADER} has not ended, or was cut off",
        code="idempotency.unfinished",
        fix="send it again in a while: it is carried out where the first one was not",
    )


def _at_once(row: KeptAnswer, work: Callable[[], Response]) -> Response:
    """Key, effect and answer are one transaction: whoever dies half-way has done nothing. A second
    request with the key waits at its insert. An error keeps nothing, so it may be sent again."""
    if connection.vendor == "sqlite" and (found := _reading_first(row, work)):
        return found
    try:
        with transaction.atomic():
            _insert(row)
            return _keep(row, work())
    except _TakenError:
        return _again(row) or _at_once(row, work)


def _reading_first(row: KeptAnswer, work: Callable[[], Response]) -> Response | None:
    """The same where all writers share one lock: it is taken by the first write, so who is refused
    has kept nobody waiting. None when somebody else wrote since it was begun to read: then nothing
    was done, and it is asked again with the lock."""
    try:
        with lock_at_first_write(), transaction.atomic():
            response = work()
            _insert(row)
            return _keep(row, response)
    except _TakenError:
        return _again(row)
    except KyozoError:
        # What refuses it may be what the first request with the key did.
        if found := _again(row):
            return found
        raise
    except OperationalError:
        row.pk = None
        return None


def _long(row: KeptAnswer, work: Callable[[], Response], view: TeamView) -> Response:
    """For what takes too long to hold a transaction open. What a process that died left is carried
    on: views that resume know by `once_id` what the first request made, and have a lock of their
    own against two at once."""
    is_first, kept = _found_or_made(row)
    if kept.status is not None:
        return _replayed(kept)
    age = timezone.now() - kept.created_at
    if not (is_first or view.resumes or age > UNFINISHED):
        raise _unfinished()
    view.once_id = uuid5(IDS, f"{kept.pk}.{kept.team_id}.{kept.created_at.isoformat()}")
    try:
        return _keep(kept, work())
    except Exception as exc:
        # Refused is not begun; but what is busy may be so with another request under this key.
        is_over = isinstance(exc, KyozoError) and not isinstance(exc, ConflictError)
        if is_over or not view.resumes:
            kept.delete()
        if not is_first and isinstance(exc, ConflictError) and exc.error_code == BUSY:
            raise _unfinished() from exc
        raise


def _found_or_made(row: KeptAnswer) -> tuple[bool, KeptAnswer]:
    if kept := _kept(row):
        return False, kept
    try:
        _insert(row)
    except _TakenError:
        return _found_or_made(row)
    return True, row


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
    row.save()
    return response


def _fingerprint(request: Request) -> str:
    """Of address and body. An upload is known by its size: reading it twice would be too much."""
    if request.content_type.startswith("application/json") or not request.content_type:
        body = json.dumps(request.data, sort_keys=True)
    else:
        body = f"{request.content_type} {request.headers.get('Content-Length')}"
    return hashlib.sha256(f"{request.get_full_path()}\n{body}".encode()).hexdigest()
