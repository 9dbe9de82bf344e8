"""The first run: the owner, the team `default` and an admin token, made once."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from services import audit
from services.accounts.tokens import create_token
from services.teams.models import Membership, Role, Scope, Team

SLUG = "default"
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class FirstRun:
    """`token_text` is shown once; only its hash is kept."""

    team: Team
    user: User
    token_text: str


def first_run() -> FirstRun | None:
    """Make them, or None when that was done before, be it by another process just now."""
    if Team.objects.filter(slug=SLUG).exists():
        return None
    try:
        with transaction.atomic():
            # The unique slug is the lock: of two first runs at once, one ends here.
            team = Team.objects.create(name="Default", slug=SLUG)
            audit.note(team, action="team.create")
            return _people(team)
    except IntegrityError:
        return None


def _people(team: Team) -> FirstRun:
    user = User(username=OWNER)
    user.set_unusable_password()
    user.save()
    member = Membership.objects.create(team=team, user=user, role=Role.OWNER)
    audit.note(member, action="member.add", after={"role": Role.OWNER})
    _, text = create_token(team, user=user, name="first run", scope=Scope.ADMIN)
    return FirstRun(team, user, text)
