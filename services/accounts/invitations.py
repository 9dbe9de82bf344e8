"""Invitations: a secret that lets whoever has it join a team, once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from services import audit
from services.accounts.members import check_rule, lock
from services.accounts.sign_in import create_link
from services.errors import ConflictError, InvalidError, NotFoundError
from services.models.times import iso
from services.teams.models import (
    INVITATION_PREFIX,
    TOKEN_PREFIX,
    Invitation,
    Membership,
    Role,
    Team,
    hash_token,
    new_secret,
)

USUAL_LIFE = timedelta(days=7)
LONGEST_LIFE = timedelta(days=30)
MOST_OPEN = 100


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody without an account, and what they want to be called."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """The new member, and the secret of a link that opens the team's dashboard to them."""

    member: Membership
    link: str


def invite(
    team: Team, *, by: User, role: Role, email: str = "", expires_at: datetime | None = None
) -> tuple[Invitation, str]:
    """The row and its token, which is stored nowhere and cannot be shown again."""
    now = timezone.now()
    until = expires_at or now + USUAL_LIFE
    if until > now + LONGEST_LIFE:
        complaint = f"must lie within {LONGEST_LIFE.days} days"
        raise InvalidError("The request cannot be accepted", details={"expires_at": [complaint]})
    text = new_secret(INVITATION_PREFIX)
    with transaction.atomic():
        lock(team.pk)
        check_rule(team, by, role)
        if Invitation.objects.open().filter(team=team).count() >= MOST_OPEN:
            raise ConflictError(
                f"{MOST_OPEN} invitations of the team are open",
                code="team.too_many_invitations",
                fix="revoke those that nobody will accept",
            )
        made = Invitation.objects.create(
            team=team,
            invited_by=by,
            email=email,
            role=role,
            hash=hash_token(text),
            expires_at=until,
        )
        facts = {"role": role, "email": email, "expires_at": iso(until)}
        audit.note(made, action="invitation.create", after=facts)
    return made, text


def revoke(invitation: Invitation, *, by: User) -> None:
    """From now on nobody can accept it; twice is harmless."""
    rows = Invitation.objects.filter(pk=invitation.pk, accepted_at=None)
    with transaction.atomic():
        lock(invitation.team_id)
        check_rule(invitation.team, by, Role(invitation.role))
        if rows.filter(revoked_at=None).update(revoked_at=timezone.now()):
            audit.note(invitation, action="invitation.revoke")
        elif not rows.exists():
            raise ConflictError(
                "The invitation was accepted already",
                code="invitation.accepted",
                fix="remove the member instead",
            )


def accept(text: str, who: User | Newcomer) -> Arrival:
    """Exactly one of several at once gets in. Nothing is said of people, names and passwords to who
    has no living invitation: that comes first. The slow hash comes before the first lock."""
    invitation = look(text)
    user = who if isinstance(who, User) else _account(who, email=invitation.email)
    with transaction.atomic():
        lock(invitation.team_id)
        _take(invitation)
        if isinstance(who, Newcomer):
            _save(user)
        audit.proved(user)
        member = _join(invitation, user)
        facts = {"role": member.role, "invited_by": invitation.invited_by.get_username()}
        audit.note(member, action="invitation.accept", after=facts)
        link = create_link(user, team=invitation.team)
    return Arrival(member, link)


def look(text: str) -> Invitation:
    """The one that may still be accepted, without using it up; NotFoundError else."""
    rows = Invitation.objects.open().filter(hash=hash_token(text))
    invitation = rows.select_related("team", "invited_by").first()
    if invitation is None:
        raise _over()
    return invitation


def _take(invitation: Invitation) -> None:
    """The conditional update waits for a revocation or another acceptance, and then sees it."""
    now = timezone.now()
    rows = Invitation.objects.filter(
        pk=invitation.pk, accepted_at=None, revoked_at=None, expires_at__gt=now
    )
    if not rows.update(accepted_at=now):
        raise _over()


def _over() -> NotFoundError:
    return NotFoundError(
        "This invitation was used or revoked, has expired or never was",
        code="invitation.over",
        fix="ask for a new one",
    )


def _join(invitation: Invitation, user: User) -> Membership:
    try:
        with transaction.atomic():
            return Membership.objects.create(team=invitation.team, user=user, role=invitation.role)
    except IntegrityError as exc:
        raise ConflictError(
            "You are on this team already",
            code="team.already_member",
            fix="an owner or administrator can change your role",
        ) from exc


def _account(newcomer: Newcomer, *, email: str) -> User:
    """Made, with the hash of its password, and not saved."""
    user = User(username=newcomer.username, email=email)
    if newcomer.username.lower().startswith(TOKEN_PREFIX):
        raise _refused("username", ["must not begin as a token does"])
    if User.objects.filter(username__iexact=newcomer.username).exists():
        raise _refused("username", ["has already been taken"])
    try:
        validate_password(newcomer.password, user)
    except ValidationError as exc:
        raise _refused("password", list(exc.messages)) from exc
    user.set_password(newcomer.password)
    return user


def _save(user: User) -> None:
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as exc:
        raise _refused("username", ["has already been taken"]) from exc


def _refused(field: str, complaints: list[str]) -> InvalidError:
    return InvalidError("The request cannot be accepted", details={field: complaints})
