"""Who is on a team and as what: owners rule over everybody, administrators over all but owners."""

from functools import partial

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
        _close_invitations(fresh)
        audit.note(fresh, action="member.update", before={"role": before}, after={"role": role})
        transaction.on_commit(partial(_access_changed, fresh.team))
    return fresh


def remove_member(member: Membership, *, by: User) -> None:
    """Tokens are revoked for good: whoever comes back later does not find them opening again."""
    with transaction.atomic():
        fresh = _locked(member)
        check_rule(fresh.team, by, Role(fresh.role))
        _keep_an_owner(fresh)
        tokens = ApiToken.objects.filter(team=fresh.team, user=fresh.user, revoked_at=None)
        facts = {"role": fresh.role, "tokens": list(tokens.values_list("prefix", flat=True))}
        tokens.update(revoked_at=timezone.now())
        _close_invitations(fresh)
        audit.note(fresh, action="member.remove", before=facts)
        fresh.delete()
        transaction.on_commit(partial(_access_changed, member.team))


def check_rule(team: Team, by: User, *roles: Role) -> None:
    """By the role that `by` has now; what was looked up with a token may be seconds old."""
    mine = member_role(by, team)
    if mine is None or not RULES_OVER[mine].issuperset(roles):
        raise ForbiddenError(
            "Only an owner rules over owners",
            code="team.owners_only",
            fix="ask an owner of the team",
        )


def _locked(member: Membership) -> Membership:
    """Under a lock of the team, for which its new rows do not wait: of two owners who demote each
    other the second one sees what the first did."""
    Team.objects.select_for_update(no_key=True).get(pk=member.team_id)
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


def _close_invitations(member: Membership) -> None:
    """Nobody comes in, or back, on the word of who may not invite any more."""
    mine = Invitation.objects.open().filter(team=member.team, invited_by=member.user)
    Invitation.objects.filter(
        pk__in=list(mine.values_list("pk", flat=True)), accepted_at=None
    ).update(revoked_at=timezone.now())


def _access_changed(team: Team) -> None:
    """This process at once; others see it within seconds, as they look again by themselves."""
    token_cache.clear()
    events.hint(team.pk, events.ACCESS_CHANGED)
