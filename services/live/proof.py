"""Who is behind a socket: the same policy as HTTP, asked again every few seconds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.http.request import validate_host
from django.utils import timezone

from services.errors import ForbiddenError, UnauthorizedError
from services.teams import policy, token_cache
from services.teams.limits import of_address, of_team
from services.teams.models import ApiToken, Membership, Scope
from services.teams.policy import Admission, Caller, admit, check_header, home_team

Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a socket: the handshake's headers, the peer, and the team that is wanted."""

    headers: Headers
    address: str = ""
    team_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What let a socket in; it must hold for as long as the socket lives. With `workspace_id` it
    is to hear and read of that workspace only."""

    team_id: UUID
    user_id: int
    token_id: UUID | None = None
    session_key: str | None = None
    workspace_id: UUID | None = None


def by_token(asked: Asked, text: str) -> Proof:
    caller = token_cache.find(text)
    if caller is None or caller.token is None:
        of_address(asked.address).check()
        raise UnauthorizedError("The token is unknown, expired or revoked")
    of_team(caller.token.team, token_id=caller.token.pk).check()
    admission = _admission(caller, asked)
    return Proof(
        admission.team.id,
        caller.user.pk,
        token_id=caller.token.pk,
        workspace_id=admission.workspace_id,
    )


def by_session(asked: Asked) -> Proof:
    """A browser sends cookies to every page's sockets, so the page must be ours."""
    if not is_own_page(asked.headers):
        raise ForbiddenError("The Origin is not this server", code="origin_mismatch")
    key = session_key(asked.headers)
    caller = _caller_of(key)
    if caller is None:
        of_address(asked.address).check()
        raise UnauthorizedError("Authentication required")
    admission = _admission(caller, asked)
    of_team(admission.team, token_id=None).check()
    return Proof(admission.team.id, caller.user.pk, session_key=key)


def session_key(headers: Headers) -> str:
    """Empty without one; pages have other cookies, too."""
    return parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")


def _admission(caller: Caller, asked: Asked) -> Admission:
    team_id = asked.team_id or home_team(caller) or UUID(int=0)
    check_header(asked.headers.get("x-team-id"), team_id=team_id, is_required=False)
    return admit(caller, team_id=team_id, need=Scope.READ)


def is_own_page(headers: Headers) -> bool:
    origin, host = headers.get("origin", ""), headers.get("host", "")
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    name = urlsplit(f"//{host}").hostname or ""
    bracketed = f"[{name}]" if ":" in name else name
    return urlsplit(origin).netloc == host and validate_host(bracketed, settings.ALLOWED_HOSTS)


def lost(proofs: Iterable[Proof]) -> set[Proof]:
    """Those that no longer hold: revoked or expired tokens, ended sessions, removed members."""
    asked = set(proofs)
    tokens = _present(ApiToken.objects.alive(), "pk", {p.token_id for p in asked})
    sessions = _present(
        Session.objects.filter(expire_date__gt=timezone.now()),
        "session_key",
        {p.session_key for p in asked},
    )
    members = set(
        Membership.objects.filter(
            user_id__in={p.user_id for p in asked}, user__is_active=True
        ).values_list("team_id", "user_id")
    )
    return {
        proof
        for proof in asked
        if (proof.team_id, proof.user_id) not in members
        or proof.token_id not in tokens
        or proof.session_key not in sessions
    }


def _present(rows: QuerySet[Any], column: str, wanted: set[Any]) -> set[Any]:
    """The wanted keys that exist; None (not asked for) always does."""
    found = rows.filter(**{f"{column}__in": wanted - {None}}).values_list(column, flat=True)
    return {None, *found}


def _caller_of(key: str) -> Caller | None:
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key or None)
    user = get_user(request)
    return policy.by_session(user, request.session) if isinstance(user, User) else None
