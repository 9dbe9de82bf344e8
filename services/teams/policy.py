"""Who asks, and what they may do in a team: one policy for HTTP and WebSocket, default deny."""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.db.models import QuerySet

from services.errors import BadRequestError, ForbiddenError, NotFoundError
from services.teams.models import (
    ROLE_SCOPE,
    SCOPE_ORDER,
    ApiToken,
    Membership,
    Role,
    Scope,
    Team,
    allows,
)

Rows = TypeVar("Rows", bound=QuerySet[Any])
TEAMS_KEY = "kyozo.teams"  # in a session that began with a link


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who proved who they are: by a token of one team, or (token None) by a session, which
    is of `only_teams` where links of those teams began it."""

    user: User
    token: ApiToken | None = None
    role: Role | None = None  # of the token's user in the token's team
    only_teams: frozenset[UUID] | None = None

    @property
    def name(self) -> str:
        return self.user.get_username()

    @property
    def is_of_one_workspace(self) -> bool:
        return self.token is not None and self.token.workspace_id is not None


@dataclass(frozen=True, slots=True)
class Admission:
    """The team a caller may act in, and how far; with `workspace_id` in that workspace only."""

    team: Team
    scope: Scope
    workspace_id: UUID | None = None


def check_header(header: str | None, *, team_id: UUID, is_required: bool) -> None:
    """`X-Team-ID` must say the same team as the address; a forgotten one is told apart."""
    if not header:
        if is_required:
            raise BadRequestError(
                "The X-Team-ID header is missing",
                code="team_required",
                fix="Send the team's id in the X-Team-ID header; GET /api/v1/me tells it.",
            )
        return
    if as_uuid(header) != team_id:
        raise ForbiddenError(
            "The X-Team-ID header and the team of the address differ",
            code="team_mismatch",
            fix="Send the same team id in the X-Team-ID header and in the address.",
        )


def admit(caller: Caller, *, team_id: UUID, need: Scope) -> Admission:
    """The caller's admission to the team; raises when there is none or `need` is beyond it.

    A team that does not exist and a team of others are the same answer.
    """
    admission = _admission(caller, team_id)
    if admission is None:
        raise NotFoundError("Team not found")
    if not allows(admission.scope, need):
        raise ForbiddenError(
            "Insufficient permissions for this operation",
            fix=f"Use a token with the scope {need.value!r}, of a user whose role allows it.",
        )
    return admission


def within(rows: Rows, workspace_id: UUID | None, path: str) -> Rows:
    """The one place where rows are kept to the workspace of who was admitted to that one only."""
    return rows if workspace_id is None else rows.filter(**{path: workspace_id})


def is_weaker(caller: Caller, admission: Admission) -> bool:
    """Whether it is a token that reaches less far than its person, and so does not act for them."""
    if caller.token is None or caller.role is None:
        return False
    return caller.is_of_one_workspace or admission.scope != ROLE_SCOPE[caller.role]


def new_scope(caller: Caller, admission: Admission, wanted: str | None) -> Scope:
    """Of a token that the caller wants to make: none reaches further than they do."""
    most = admission.scope
    if is_weaker(caller, admission):
        raise ForbiddenError(
            "A token that reaches less far than its person makes no other",
            fix="Sign in to the dashboard, or use a token of your role's whole scope.",
        )
    scope = Scope(wanted) if wanted else _lower(Scope.DEPLOY, most)
    if not allows(most, scope):
        raise ForbiddenError(
            "Insufficient permissions for this operation",
            fix=f"Ask for the scope {most.value!r} at most.",
        )
    return scope


def home_team(caller: Caller, header: str | None = None) -> UUID | None:
    """The team meant by an address without one: the token's, or of a session the one that its
    `X-Team-ID` names, or its person's first."""
    if caller.token is not None:
        return caller.token.team_id
    if header:
        return as_uuid(header)
    rows = memberships(caller).order_by("created_at", "id")
    return rows.values_list("team_id", flat=True).first()


def by_session(user: User, session: SessionBase) -> Caller:
    teams = session.get(TEAMS_KEY)
    return Caller(user, only_teams=None if teams is None else frozenset(map(UUID, teams)))


def open_in(session: SessionBase, team_id: UUID) -> None:
    """One more team for a session that is of some; one that is of all has it already."""
    if TEAMS_KEY in session:
        session[TEAMS_KEY] = sorted({str(team_id), *session[TEAMS_KEY]})


def memberships(caller: Caller) -> QuerySet[Membership]:
    """Where a session may act."""
    rows = Membership.objects.filter(user=caller.user)
    return rows if caller.only_teams is None else rows.filter(team_id__in=caller.only_teams)


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _admission(caller: Caller, team_id: UUID) -> Admission | None:
    token = caller.token
    if token is None:
        member = memberships(caller).select_related("team").filter(team_id=team_id).first()
        return None if member is None else Admission(member.team, ROLE_SCOPE[Role(member.role)])
    if token.team_id != team_id or caller.role is None:
        return None
    scope = _lower(Scope(token.scope), ROLE_SCOPE[caller.role])
    if token.workspace_id is not None:
        scope = _lower(scope, Scope.DEPLOY)  # nobody rules over a team from one workspace
    return Admission(token.team, scope, token.workspace_id)


def _lower(one: Scope, other: Scope) -> Scope:
    return min(one, other, key=SCOPE_ORDER.index)
