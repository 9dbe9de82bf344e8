"""Team, Membership and ApiToken: the owner of everything, who belongs to it, and what proves it."""

import hashlib
import hmac
import secrets
import uuid
from datetime import timedelta
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import models
from django.db.models import Q
from django.utils import timezone

INVITATION_PREFIX = "kyozo_invite_"
TOKEN_PREFIX = "kyozo_"  # noqa: S105 - the visible beginning of every token, not a token
LAST_USED_EVERY = timedelta(minutes=1)


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class Scope(models.TextChoices):
    """What a token may do; each includes the ones before it."""

    READ = "read"
    DEPLOY = "deploy"
    ADMIN = "admin"


SCOPE_ORDER = (Scope.READ, Scope.DEPLOY, Scope.ADMIN)
ROLE_SCOPE = {
    Role.OWNER: Scope.ADMIN,
    Role.ADMIN: Scope.ADMIN,
    Role.DEVELOPER: Scope.DEPLOY,
    Role.VIEWER: Scope.READ,
}


def allows(have: str, need: str) -> bool:
    """Whether scope `have` includes scope `need`."""
    return SCOPE_ORDER.index(Scope(have)) >= SCOPE_ORDER.index(Scope(need))


class TeamQuerySet(models.QuerySet["Team"]):
    def living(self) -> "TeamQuerySet":
        """Those that were not removed."""
        return self.filter(removed_at=None)


class Team(models.Model):
    """A removed one stays as a row, because its audit log does; nobody is on it, and its slug is
    not given again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=63, unique=True)
    plan = models.CharField(max_length=20, default="standard")
    # Mixed into every build-cache id, so that no team reads or changes what another's build sees.
    cache_secret = models.CharField(max_length=64, default=secrets.token_hex)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    removed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[TeamQuerySet] = TeamQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.slug


class Membership(models.Model):
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey("auth.User", models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.DEVELOPER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="one_membership")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id} as {self.role}"

    @property
    def name(self) -> str:
        return self.user.get_username()


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def alive(self) -> "ApiTokenQuerySet":
        """Tokens that open something now: not revoked, not expired, of a current member."""
        now = timezone.now()
        return self.filter(revoked_at=None, user__is_active=True).filter(
            Q(expires_at=None) | Q(expires_at__gt=now)
        )

    def find(self, text: str) -> "ApiToken | None":
        """The living token that `text` is; compares hashes only."""
        return self.alive().select_related("team", "user").filter(hash=hash_token(text)).first()


def hash_token(text: str) -> str:
    # 256 random bits need no slow hash; SHA-256 keeps every request cheap.
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


class ApiToken(models.Model):
    """`prefix` may be shown; the token itself is shown once and stored as a hash. With a workspace
    it opens that one only, and never as an administrator."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="tokens")
    user = models.ForeignKey("auth.User", models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16)
    hash = models.CharField(max_length=64, unique=True)
    scope = models.CharField(max_length=10, choices=Scope.choices, default=Scope.DEPLOY)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    workspace = models.ForeignKey(
        "services.Workspace", models.CASCADE, null=True, blank=True, related_name="+"
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[ApiTokenQuerySet] = ApiTokenQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"

    @property
    def is_recently_used(self) -> bool:
        """True while `last_used_at` is fresh enough not to be written again."""
        return self.last_used_at is not None and (
            timezone.now() - self.last_used_at < LAST_USED_EVERY
        )


class SignInLink(models.Model):
    """A one-time link to the dashboard; the secret in it is stored as a hash and dies after use.

    It opens the team of the token that made it, and no other of its person.
    """

    hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey("auth.User", models.CASCADE)
    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"sign-in link of {self.user_id}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        """Those that somebody may still accept."""
        return self.filter(
            accepted_at=None,
            revoked_at=None,
            expires_at__gt=timezone.now(),
            invited_by__is_active=True,
        )


class Invitation(models.Model):
    """Whoever has the token may join, once; it is shown once and stored as a hash."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    invited_by = models.ForeignKey("auth.User", models.CASCADE, related_name="+")
    email = models.EmailField(blank=True)
    role = models.CharField(max_length=20, choices=Role.choices)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return f"{self.email or 'somebody'} as {self.role}"


def new_secret(prefix: str = TOKEN_PREFIX) -> str:
    return prefix + secrets.token_urlsafe(32)


def same(one: str, other: str) -> bool:
    return hmac.compare_digest(one, other)


def member_role(user: AbstractBaseUser, team: Team) -> Role | None:
    row = Membership.objects.filter(user_id=user.pk, team=team).values_list("role", flat=True)
    found = row.first()
    return Role(found) if found else None
