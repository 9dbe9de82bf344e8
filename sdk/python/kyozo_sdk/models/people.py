"""Who may do what, and who did: members, tokens, the audit log."""

from typing import Any

from kyozo_sdk.records import Record


class User(Record):
    """A person."""

    id: int
    name: str


class Team(Record):
    """A team."""

    id: str
    name: str
    slug: str


class TeamDetail(Team):
    """A team, and one's role in it."""

    role: str
    created_at: str


class NewTeam(TeamDetail):
    """The one answer that has a token of a new team, where one was asked for."""

    token: str | None


class Me(Record):
    """Whose token this is, and what it may."""

    user: User
    team: Team
    scope: str
    workspace_id: str | None
    version: str
    mode: str
    state_dir: str | None


class Member(Record):
    """A person on the team."""

    id: int
    name: str
    role: str
    joined_at: str


class Invitation(Record):
    """An invitation to the team."""

    id: str
    email: str | None
    role: str
    state: str
    invited_by: str
    created_at: str
    expires_at: str
    accepted_at: str | None
    revoked_at: str | None


class NewInvitation(Invitation):
    """The one answer that has the token of an invitation, and the page where it is accepted."""

    token: str
    join_url: str


class Arrival(Record):
    """Who came in by an invitation."""

    member: Member
    team: Team
    sign_in_url: str


class Token(Record):
    """A token, without its text."""

    id: str
    name: str
    prefix: str
    scope: str
    workspace_id: str | None
    user: str
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None


class NewToken(Token):
    """The one answer that has the text of a token."""

    token: str


class SignInLink(Record):
    """A one-time link to the dashboard."""

    url: str
    expires_at: str


class AuditActor(Record):
    """Who did it."""

    kind: str
    user_id: int | None
    name: str | None
    token_id: str | None
    token_prefix: str | None


class AuditObject(Record):
    """What it was done to."""

    kind: str
    id: str
    name: str


class AuditEntry(Record):
    """Who did what to which object; of secrets there are names only."""

    id: str
    at: str
    action: str
    actor: AuditActor
    object: AuditObject
    address: str | None
    request_id: str | None
    before: dict[str, Any]
    after: dict[str, Any]
