"""Teams: made by somebody who owns them from then on, renamed, and removed once they are empty."""

import re

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from services import audit
from services.accounts.members import check_rule, end_membership, lock, present
from services.errors import ConflictError, NotFoundError
from services.models import Instance, Operation, Service, Workspace
from services.teams import token_cache
from services.teams.models import Invitation, Membership, Role, Team

MOST_OWNED = 100
LONGEST_SLUG = 40  # a part of host names, beside the name of a service


def create_team(name: str, *, by: User) -> Membership:
    """The new team, and whoever made it as its owner. Its slug is made of the name, with a number
    behind it where another team has that."""
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)  # of two at once both count
        if Membership.objects.filter(user=by, role=Role.OWNER).count() >= MOST_OWNED:
            raise ConflictError(
                f"You own {MOST_OWNED} teams already",
                code="team.too_many",
                fix="remove one that is empty, or leave one that has another owner",
            )
        team = _with_a_slug(name)
        audit.note(team, action="team.create", after={"name": team.name, "slug": team.slug})
        member = Membership.objects.create(team=team, user=by, role=Role.OWNER)
        audit.note(member, action="member.add", after={"role": Role.OWNER})
    return member


def rename_team(team: Team, name: str, *, by: User) -> Team:
    """Only what people read: the slug, of which addresses are made, stays."""
    with transaction.atomic():
        role = Role(present(by, team).role)
        check_rule(team, by, Role.ADMIN if role == Role.ADMIN else Role.OWNER)
        fresh = Team.objects.get(pk=team.pk)
        if fresh.name != name:
            before = {"name": fresh.name}
            fresh.name = name
            fresh.save(update_fields=["name"])
            audit.note(fresh, action="team.update", before=before, after={"name": name})
            transaction.on_commit(token_cache.clear)
    return fresh


def remove_team(team: Team, *, by: User) -> None:
    """For owners, and only when nothing is left but they themselves; the audit log stays. Open
    invitations end with it."""
    with transaction.atomic():
        # In one order, so that of two last teams only one goes.
        others = Team.objects.living().select_for_update(no_key=True).order_by("pk")
        is_last = {row.pk for row in others} <= {team.pk}
        lock(team.pk)
        member = Membership.objects.select_related("team", "user").filter(user=by, team=team)
        if (owner := member.first()) is None:
            raise NotFoundError("Team not found")
        _check_empty(team, is_last=is_last)
        check_rule(team, by, Role.OWNER)
        open_ones = Invitation.objects.open().filter(team=team)
        open_ones.update(revoked_at=timezone.now())
        audit.note(team, action="team.remove", before={"name": team.name, "slug": team.slug})
        end_membership(owner, action="member.leave")
        Team.objects.filter(pk=team.pk).update(removed_at=timezone.now())


def _check_empty(team: Team, *, is_last: bool) -> None:
    """409 with what is left, counted. A service that is still being removed counts as one."""
    going = Service.objects.filter(team=team)
    going = going.filter(pk__in=Operation.objects.open().values("service")) | going.filter(
        pk__in=Instance.objects.alive().values("service")
    )
    services = Service.objects.visible_to(team).count()
    left = {
        "services": services or going.count(),
        "workspaces": Workspace.objects.filter(team=team).count(),
        "members": Membership.objects.filter(team=team).count() - 1,
    }
    if any(left.values()):
        some = [(count, noun if count > 1 else noun[:-1]) for noun, count in left.items() if count]
        words = ", ".join(f"{count} {noun}" for count, noun in some)
        raise ConflictError(
            f"{team.name} is not empty: {words}",
            code="team.not_empty",
            fix="remove its services, then its workspaces, then the other members",
            params=left,
        )
    if is_last:
        raise ConflictError(
            "The last team of an installation stays",
            code="team.last_team",
            fix="make another one first",
        )


def _with_a_slug(name: str) -> Team:
    base = slug(name)
    for candidate in (base, *(f"{base}-{n}" for n in range(2, 1000))):
        if Team.objects.filter(slug=candidate).exists():
            continue
        try:
            with transaction.atomic():
                return Team.objects.create(name=name, slug=candidate)
        except IntegrityError:
            continue  # somebody else was faster with this one
    raise ConflictError(
        "A thousand teams have that name", code="team.name_taken", fix="choose another name"
    )


def slug(name: str) -> str:
    """A part of a host name: lower-case letters, digits and dashes."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return words[:LONGEST_SLUG].strip("-") or "team"
