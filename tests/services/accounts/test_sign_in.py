"""One-time links."""

from datetime import timedelta

import pytest
from django.utils import timezone

from services.accounts.sign_in import create_link, redeem
from services.errors import NotFoundError
from services.teams.models import SignInLink
from tests.conftest import Person


def test_a_link_signs_its_user_in_once(alice: Person) -> None:
    secret = create_link(alice.user, team=alice.team)

    assert redeem(secret) == alice.user
    with pytest.raises(NotFoundError):
        redeem(secret)


def test_the_secret_is_not_stored(alice: Person) -> None:
    secret = create_link(alice.user, team=alice.team)

    assert secret not in str(SignInLink.objects.values())


def test_an_old_link_is_dead(alice: Person) -> None:
    secret = create_link(alice.user, team=alice.team)
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(NotFoundError):
        redeem(secret)


def test_a_disabled_user_cannot_come_in(alice: Person) -> None:
    secret = create_link(alice.user, team=alice.team)
    alice.user.is_active = False
    alice.user.save()

    with pytest.raises(NotFoundError):
        redeem(secret)
