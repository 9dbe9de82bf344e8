"""The one writer of the audit log: a row in the transaction of the change that it tells of.

A face says who asks (`acting`), the verb says what changed (`note`). What no person asked for is
noted as the platform's own. Nothing secret comes in here: see services/models/changes.py.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest

from services.models import AuditEntry
from services.proxied import address_of
from services.teams.models import Team
from services.teams.policy import Caller

KINDS = {"apitoken": "token", "membership": "member", "imagemapping": "image_mapping"}
MOST_NAME = 200
MOST_TEXT = 500
MOST_ENTRIES = 100
MOST_BYTES = 8192
TOO_LONG = "(too long to be kept here)"
REQUEST_ID = "kyozo.request_id"


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, and where they asked from; the defaults are the platform itself."""

    user_id: int | None = None
    user_name: str = ""
    token_id: UUID | None = None
    token_prefix: str = ""
    address: str = ""
    request_id: str = ""


PLATFORM = Who()


@dataclass(slots=True)
class Act:
    """What one request does. `thing` is what it looked up; `is_written` once a row stands."""

    who: Who
    action: str
    thing: Model | None = None
    is_written: bool = False


_act: ContextVar[Act | None] = ContextVar("act", default=None)


def asked_by(caller: Caller | None, request: HttpRequest) -> Who:
    """The address is that of rate limits, too."""
    token = caller.token if caller else None
    return Who(
        user_id=caller.user.pk if caller else None,
        user_name=caller.name if caller else "",
        token_id=token.pk if token else None,
        token_prefix=token.prefix if token else "",
        address=address_of(request),
        request_id=str(request.META.get(REQUEST_ID) or ""),
    )


@contextmanager
def acting(who: Who, action: str) -> Iterator[Act]:
    """All notes in here are of this person's request."""
    act = Act(who, action)
    reset = _act.set(act)
    try:
        yield act
    finally:
        _act.reset(reset)


def about(thing: Model) -> None:
    """What the request is about, should its verb find that nothing has to change."""
    if act := _act.get():
        act.thing = thing


def proved(user: User) -> None:
    """Who asks was nobody's account until now."""
    if act := _act.get():
        act.who = replace(act.who, user_id=user.pk, user_name=user.get_username())


def note(
    thing: Model,
    *,
    action: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Append an entry. To be called inside the transaction of the change."""
    act = _act.get()
    who = act.who if act else PLATFORM
    AuditEntry.objects.create(
        team_id=thing.pk if isinstance(thing, Team) else thing.team_id,  # type: ignore[attr-defined]
        action=action or (act.action if act else ""),
        kind=_kind(thing),
        object_id=str(thing.pk),
        object_name=plain(getattr(thing, "name", None) or str(thing), most=MOST_NAME),
        user_id=who.user_id,
        user_name=plain(who.user_name, most=150),
        token_id=who.token_id,
        token_prefix=who.token_prefix,
        address=plain(who.address, most=64),
        request_id=who.request_id,
        before=bounded(before or {}),
        after=bounded(after or {}),
    )
    if act:
        act.is_written = True


def plain(text: str, *, most: int) -> str:
    """One line of bounded length: nobody's name writes a second entry into a reader's screen."""
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "\u2026"


def bounded(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What may be kept of it: a whole that is too large is left with its names only."""
    kept = _cut(facts)
    assert isinstance(kept, dict)  # noqa: S101 - a mapping went in
    if len(json.dumps(kept)) <= MOST_BYTES:
        return kept
    return dict.fromkeys(list(kept)[:20], TOO_LONG)


def _kind(thing: Model) -> str:
    name = str(thing._meta.model_name)  # noqa: SLF001 - Django's public name for it
    return KINDS.get(name, name)


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value, most=MOST_TEXT)
    if isinstance(value, Mapping):
        some = list(value.items())[:MOST_ENTRIES]
        return {plain(str(name), most=MOST_NAME): _cut(one) for name, one in some}
    if isinstance(value, list | tuple):
        return [_cut(one) for one in value[:MOST_ENTRIES]]
    return value
