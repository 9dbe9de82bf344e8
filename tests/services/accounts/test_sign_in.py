"""One-time links."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from services.accounts.sign_in import create_link, redeem
from services.errors import NotFoundError
from services.models import AuditEntry
from services.teams.models import Membership, Role, SignInLink
from tests.conftest import Person


def test_a_link_signs_its_user_in_once(alice: Person) -> None:
    secret = create_link(alice.user, team=alice.team)

    assert redeem(secret).user == alice.user
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


def test_a_link_of_one_team_opens_no_other_of_its_person(alice: Person, charlie: Person) -> None:
    """Else a token of one team would be worth all teams that its user belongs to."""
    Membership.objects.create(team=charlie.team, user=alice.user, role=Role.OWNER)
    browser = Client()
    browser.post(f"/sign-in/{create_link(alice.user, team=alice.team)}")

    def status(person: Person, path: str) -> int:
        return browser.get(f"/api/v1/teams/{person.team.id}{path}").status_code

    assert (status(alice, "/services"), status(charlie, "/services")) == (200, 404)
    assert browser.get("/api/v1/me").json()["data"]["team"]["id"] == str(alice.team.id)
    page = browser.get("/", {"team": charlie.team.slug}).content.decode()
    assert str(charlie.team.id) not in page
    assert AuditEntry.objects.get(action="session.begin").team == alice.team


def test_a_second_link_adds_its_team(alice: Person, charlie: Person) -> None:
    Membership.objects.create(team=charlie.team, user=alice.user)
    browser = Client()
    for person in (alice, charlie):
        browser.post(f"/sign-in/{create_link(alice.user, team=person.team)}")

    found = [browser.get(f"/api/v1/teams/{p.team.id}/services") for p in (alice, charlie)]
    assert [answer.status_code for answer in found] == [200, 200]


def test_another_person_in_the_same_browser_gets_nothing_of_it(
    alice: Person, charlie: Person
) -> None:
    Membership.objects.create(team=alice.team, user=charlie.user)
    browser = Client()
    browser.post(f"/sign-in/{create_link(alice.user, team=alice.team)}")
    browser.post(f"/sign-in/{create_link(charlie.user, team=charlie.team)}")

    assert browser.get(f"/api/v1/teams/{alice.team.id}/services").status_code == 404


def test_a_session_that_no_link_began_opens_all_of_them(alice: Person, charlie: Person) -> None:
    Membership.objects.create(team=charlie.team, user=alice.user)
    browser = Client()
    browser.force_login(alice.user)

    found = [browser.get(f"/api/v1/teams/{p.team.id}/services") for p in (alice, charlie)]
    assert [answer.status_code for answer in found] == [200, 200]
