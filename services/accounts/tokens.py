"""Making and revoking API tokens."""

from datetime import datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from services import audit, events
from services.errors import InvalidError
from services.models import Workspace
from services.models.times import iso
from services.teams import token_cache
from services.teams.models import ApiToken, Scope, Team, hash_token, new_secret

PREFIX_LENGTH = 12


def create_token(
    team: Team,
    *,
    user: User,
    name: str,
    scope: Scope = Scope.DEPLOY,
    expires_at: datetime | None = None,
    workspace: Workspace | None = None,
) -> tuple[ApiToken, str]:
    """The row and the token itself, which is stored nowhere and cannot be shown again."""
    if workspace and scope == Scope.ADMIN:
        raise InvalidError(
            "The request cannot be accepted",
            details={"scope": ["a token of one workspace reaches deploy at most"]},
            fix="leave workspace_id out, or choose another scope",
        )
    text = new_secret()
    with transaction.atomic():
        token = ApiToken.objects.create(
            team=team,
            user=user,
            name=name,
            prefix=text[:PREFIX_LENGTH],
            hash=hash_token(text),
            scope=scope,
            workspace=workspace,
            expires_at=expires_at,
        )
        audit.note(token, action="token.create", after=_told(token))
    return token, text


def revoke_token(token: ApiToken) -> None:
    """From now on it opens nothing; the row stays for the record."""
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        with transaction.atomic():
            token.save(update_fields=["revoked_at"])
            audit.note(token, action="token.revoke")
            transaction.on_commit(partial(events.hint, token.team_id, events.ACCESS_CHANGED))
    token_cache.forget(token.hash)


def _told(token: ApiToken) -> dict[str, str | None]:
    workspace = {"workspace": token.workspace.name} if token.workspace else {}
    return {"scope": token.scope, "expires_at": iso(token.expires_at), **workspace}
