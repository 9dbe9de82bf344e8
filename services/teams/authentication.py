"""How a request proves who it is from: an API token, or the dashboard's session with CSRF."""

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from services.errors import ForbiddenError, UnauthorizedError
from services.teams import token_cache
from services.teams.models import ApiToken
from services.teams.policy import Caller, by_session


class TokenAuthentication(BaseAuthentication):
    """`X-API-Key: TOKEN` or `Authorization: Bearer TOKEN`."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        text = request.headers.get("X-API-Key") or _bearer(request.headers.get("Authorization", ""))
        if not text:
            return None
        caller = token_cache.find(text)
        if caller is None or caller.token is None:
            raise UnauthorizedError(
                "The token is unknown, expired or revoked",
                fix="Make a new one: `kyozo token create`, or POST /api/v1/teams/TEAM/tokens.",
            )
        _note_use(caller.token)
        return caller.user, caller

    def authenticate_header(self, request: Request) -> str:
        """Makes DRF answer 401, not 403, when nothing was proved."""
        return "Bearer"


class DashboardAuthentication(SessionAuthentication):
    """Django's session, as the pages use it; unsafe methods must carry the CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, Caller] | None:
        found = super().authenticate(request)
        return found and (found[0], by_session(found[0], request.session))

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied as exc:
            raise ForbiddenError(
                "The CSRF token is missing or wrong",
                code="csrf_failed",
                fix="Reload the page, or use an API token instead of the session.",
            ) from exc


def _bearer(header: str) -> str:
    kind, _, text = header.partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _note_use(token: ApiToken) -> None:
    if token.is_recently_used:
        return
    token.last_used_at = timezone.now()
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=token.last_used_at)
