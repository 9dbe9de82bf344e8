"""A member of a team, and an invitation to it without its secret."""

from typing import Annotated, NotRequired, TypedDict

from django.utils import timezone

from services.api.answers import Id, Instant, Url, words
from services.models.times import iso
from services.teams.models import Invitation, Membership, Role, Scope, Team

ARole = Annotated[str, words(Role.values)]


class MemberJson(TypedDict):
    id: int
    name: str
    role: ARole
    joined_at: Instant


class InvitationJson(TypedDict):
    id: Id
    email: str | None
    role: ARole
    state: Annotated[str, words(("open", "accepted", "revoked", "expired"))]
    invited_by: str
    created_at: Instant
    expires_at: Instant
    accepted_at: Instant | None
    revoked_at: Instant | None


class NewInvitationJson(InvitationJson):
    token: Annotated[str, "Shown this once."]
    join_url: Annotated[Url, "The page that accepts it."]


class TeamJson(TypedDict):
    id: Id
    name: str
    slug: str


class TeamDetailJson(TeamJson):
    role: Annotated[str, words(Role.values), "One's own."]
    created_at: Instant


class NewTeamJson(TeamDetailJson):
    token: Annotated[str | None, "Shown this once, if it was asked for."]


class ArrivalJson(TypedDict):
    member: MemberJson
    team: TeamJson
    sign_in_url: Annotated[Url, "Opens the team's dashboard, once."]


class UserJson(TypedDict):
    id: int
    name: str


class MeJson(TypedDict):
    user: UserJson
    team: TeamJson
    scope: Annotated[str, words(Scope.values)]
    workspace_id: Annotated[Id | None, "Of a token of one workspace."]
    version: str
    mode: Annotated[str, words(("embedded", "production"))]
    state_dir: NotRequired[Annotated[str, "For administrators of an embedded platform."]]


class SignInLinkJson(TypedDict):
    url: Url
    expires_at: Instant


def team_json(team: Team) -> TeamJson:
    return {"id": str(team.id), "name": team.name, "slug": team.slug}


def team_detail_json(team: Team, role: Role) -> TeamDetailJson:
    created_at = iso(team.created_at)
    return {**team_json(team), "role": role.value, "created_at": created_at}


def member_json(member: Membership) -> MemberJson:
    return {
        "id": member.user_id,
        "name": member.name,
        "role": member.role,
        "joined_at": iso(member.created_at),
    }


def invitation_json(invitation: Invitation) -> InvitationJson:
    return {
        "id": str(invitation.id),
        "email": invitation.email or None,
        "role": invitation.role,
        "state": _state(invitation),
        "invited_by": invitation.invited_by.get_username(),
        "created_at": iso(invitation.created_at),
        "expires_at": iso(invitation.expires_at),
        "accepted_at": iso(invitation.accepted_at),
        "revoked_at": iso(invitation.revoked_at),
    }


def _state(invitation: Invitation) -> str:
    if invitation.accepted_at:
        return "accepted"
    if invitation.revoked_at:
        return "revoked"
    return "open" if invitation.expires_at > timezone.now() else "expired"
