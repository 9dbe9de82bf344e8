"""Making and revoking API tokens."""

from datetime import datetime
from functools import partial

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from services import audit, events
from services.accounts.members import check_rule, lock, present
from services.errors import InvalidError, NotFoundError
from services.models import Workspace
from services.models.times import iso
from services.teams import token_cache
from services.teams.models import (
    ApiToken,
    Role,
    Scope,
    Team,
    hash_token,
    member_role,
    new_secret,
)

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
        present(user, team)
        if workspace and not Workspace.objects.keep(workspace):
            raise NotFoundError("Workspace not found")
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


def revoke_token(token: ApiToken, *, by: User | None = None) -> None:
    """From now on it opens nothing; the row stays for the record. Somebody else's is revoked by who
    rules over them, or, without `by`, because its workspace goes."""
    rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    with transaction.atomic():
        if by is not None and by.pk != token.user_id:
            lock(token.team_id)
            check_rule(token.team, by, member_role(token.user, token.team) or Role.VIEWER)
        if rows.update(revoked_at=timezone.now()):
            audit.note(token, action="token.revoke")
        transaction.on_commit(partial(_forget, token))


def _forget(token: ApiToken) -> None:
    """Not before the commit: a request in between would remember it as alive again."""
    token_cache.forget(token.hash)
    events.access_changed(token.team_id)


def _told(token: ApiToken) -> dict[str, str | None]:
    workspace = {"workspace": token.workspace.name} if token.workspace else {}
    return {"scope": token.scope, "expires_at": iso(token.expires_at), **workspace}
