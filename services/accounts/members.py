"""Who is on a team and as what: owners rule over everybody, administrators over all but owners."""

from collections.abc import Collection
from functools import partial
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from services import audit, events
from services.errors import ConflictError, ForbiddenError, NotFoundError
from services.teams import token_cache
from services.teams.models import ApiToken, Invitation, Membership, Role, Team, member_role

RULES_OVER = {
    Role.OWNER: frozenset(Role),
    Role.ADMIN: frozenset(Role) - {Role.OWNER},
    Role.DEVELOPER: frozenset[Role](),
    Role.VIEWER: frozenset[Role](),
}


def change_role(member: Membership, role: Role, *, by: User) -> Membership:
    """Another role for a member, within what `by` rules over: before and after."""
    with transaction.atomic():
        fresh = _locked(member)
        before = Role(fresh.role)
        check_rule(fresh.team, by, before, role)
        if role == before:
            return fresh
        _keep_an_owner(fresh)
        fresh.role = role
        fresh.save(update_fields=["role"])
        closed = _close_invitations(fresh, but=RULES_OVER[role])
        facts = {"role": role} | ({"revoked_invitations": closed} if closed else {})
        audit.note(fresh, action="member.update", before={"role": before}, after=facts)
        transaction.on_commit(partial(_access_changed, fresh.team))
    return fresh


def remove_member(member: Membership, *, by: User) -> None:
    """Tokens are revoked for good: whoever comes back later does not find them opening again."""
    with transaction.atomic():
        fresh = _locked(member)
        check_rule(fresh.team, by, Role(fresh.role))
        _keep_an_owner(fresh)
        end_membership(fresh, action="member.remove")


def leave(team: Team, *, user: User) -> None:
    """Everybody may go, but the last owner."""
    with transaction.atomic():
        member = present(user, team)
        _keep_an_owner(member)
        end_membership(member, action="member.leave")


def end_membership(member: Membership, *, action: str) -> None:
    """With the team locked: tokens and invitations of theirs end, and then they are not on it."""
    tokens = ApiToken.objects.filter(team=member.team, user=member.user, revoked_at=None)
    facts = {"role": member.role, "tokens": list(tokens.values_list("prefix", flat=True))}
    tokens.update(revoked_at=timezone.now())
    closed = _close_invitations(member)
    after = {"revoked_invitations": closed} if closed else {}
    audit.note(member, action=action, before=facts, after=after)
    team = member.team
    member.delete()
    transaction.on_commit(partial(_access_changed, team))


def check_rule(team: Team, by: User, *roles: Role) -> None:
    """By the role that `by` has now; what was looked up with a token may be seconds old."""
    mine = member_role(by, team)
    if mine is None or not RULES_OVER[mine].issuperset(roles):
        raise ForbiddenError(
            "Only an owner rules over owners",
            code="team.owners_only",
            fix="ask an owner of the team",
        )


def lock(team_id: UUID) -> None:
    """Who is on the team, and as what, stays as it is until the transaction ends. New rows of the
    team do not wait for it, but workspaces do: a removed team gets none. It comes before the locks
    of the team's rows, in every verb. NotFoundError when the team was removed."""
    rows = Team.objects.living().select_for_update(no_key=True)
    if rows.filter(pk=team_id).first() is None:
        raise NotFoundError("Team not found")


def present(user: User, team: Team) -> Membership:
    """The membership under that lock, for what outlives the request: the caller was looked up with
    a token some seconds ago."""
    lock(team.pk)
    member = Membership.objects.select_related("team", "user").filter(user=user, team=team).first()
    if member is None:
        raise NotFoundError("Team not found")
    return member


def _locked(member: Membership) -> Membership:
    """Of two owners who demote each other the second one sees what the first did."""
    lock(member.team_id)
    fresh = Membership.objects.select_related("team", "user").filter(pk=member.pk).first()
    if fresh is None:
        raise NotFoundError("Member not found")
    return fresh


def _keep_an_owner(member: Membership) -> None:
    owners = Membership.objects.filter(team=member.team, role=Role.OWNER, user__is_active=True)
    if member.role == Role.OWNER and not owners.exclude(pk=member.pk).exists():
        raise ConflictError(
            "The last owner of a team stays its owner",
            code="team.last_owner",
            fix="make somebody else an owner first",
        )


def _close_invitations(member: Membership, *, but: Collection[Role] = ()) -> list[str]:
    """Nobody comes in, or back, on the word of who may not invite as that any more."""
    mine = Invitation.objects.open().filter(team=member.team, invited_by=member.user)
    closed = list(mine.exclude(role__in=but).values_list("pk", flat=True))
    Invitation.objects.filter(pk__in=closed).update(revoked_at=timezone.now())
    return [str(pk) for pk in closed]


def _access_changed(team: Team) -> None:
    """This process and all sockets at once; what other processes remember, within seconds."""
    token_cache.clear()
    events.access_changed(team.pk)
