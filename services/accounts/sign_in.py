"""What signs a person in to the dashboard: one-time links, and a username with its password."""

import logging

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from services import audit
from services.accounts.members import present
from services.errors import ForbiddenError, NotFoundError
from services.teams.limits import of_sign_in
from services.teams.models import SignInLink, Team, hash_token, new_secret
from services.teams.policy import Caller, memberships

log = logging.getLogger(__name__)


def create_link(user: User, *, team: Team) -> str:
    """The secret of a fresh link, for /sign-in/SECRET; it dies after one use or half an hour."""
    secret = new_secret()
    expires_at = timezone.now() + settings.SIGN_IN_LINK_LIFE
    with transaction.atomic():
        member = present(user, team)
        SignInLink.objects.filter(expires_at__lt=timezone.now()).delete()
        SignInLink.objects.create(
            hash=hash_token(secret), user=user, team=team, expires_at=expires_at
        )
        audit.note(member, action="sign_in_link.create")
    return secret


def by_password(username: str, password: str, *, address: str) -> User:
    """Whose they are. One answer, after the same time, whatever is wrong: Django makes a hash for
    unknown names, too. An address that tried too often counts against no names any more."""
    of_sign_in("address", address).check()
    of_sign_in("name", username).check()
    user = authenticate(username=username, password=password)
    if not isinstance(user, User):
        log.warning("a sign-in with a password was refused, from %s", address)
        raise ForbiddenError("The username or the password is wrong", code="sign_in.refused")
    return user


def note_session(caller: Caller, action: str) -> None:
    """In the log of each team that the session opens."""
    for member in memberships(caller).select_related("user"):
        audit.note(member, action=action)


def redeem(secret: str) -> SignInLink:
    """Whom it signs in, and where. The conditional update lets exactly one of two clicks in."""
    key, now = hash_token(secret), timezone.now()
    links = SignInLink.objects.select_related("user")
    link = links.filter(hash=key, user__is_active=True).first()
    fresh = SignInLink.objects.filter(hash=key, used_at=None, expires_at__gt=now)
    if link is None or not fresh.update(used_at=now):
        raise NotFoundError(
            "This sign-in link was used before or has expired",
            code="link_expired",
            fix="Ask for a new one: `bin/kyozo open`.",
        )
    return link
