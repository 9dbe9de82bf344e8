"""/join: an invitation in a browser; and where one goes on after signing in."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from services.accounts.sign_in import create_link
from services.models import AuditEntry
from services.teams.models import Invitation, Membership, Role
from tests.conftest import Person
from tests.factories import make_invitation, make_member, make_team, make_user
from tests.services.at_once import at_once

PASSWORD = "correct horse battery"
NEW = {"username": "frida", "password": PASSWORD}


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def link(alice: Person) -> str:
    return f"/join/{make_invitation(alice.team, alice.user, role=Role.DEVELOPER)[1]}"


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def test_looking_at_it_uses_nothing_up(client: Client, link: str) -> None:
    for _ in range(2):
        page = client.get(link).content.decode()
        assert "alice invites you as developer" in page
        assert 'autocomplete="new-password"' in page

    assert client.post(link, NEW).status_code == 302


def test_somebody_new_comes_in_and_is_signed_in(client: Client, link: str, alice: Person) -> None:
    answer = client.post(link, NEW)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/?team=alpha")
    assert str(alice.team.id) in client.get("/").content.decode()
    member = Membership.objects.get(user__username="frida")
    assert (member.team, member.role) == (alice.team, Role.DEVELOPER)
    actions = set(AuditEntry.objects.filter(user_name="frida").values_list("action", flat=True))
    assert {"invitation.accept", "session.begin"} <= actions


def test_who_is_signed_in_joins_as_themselves(link: str, alice: Person, charlie: Person) -> None:
    browser = signed_in(charlie.user)
    assert "Join as charlie" in browser.get(link).content.decode()

    browser.post(link, NEW)

    assert not User.objects.filter(username="frida").exists()
    assert Membership.objects.filter(user=charlie.user, team=alice.team).exists()
    for slug in ("alpha", "others"):
        assert browser.get(f"/teams/{slug}/members").status_code == 200


def test_a_session_of_one_team_gets_that_one_more(
    link: str, alice: Person, charlie: Person
) -> None:
    third = Person(make_member(charlie.team, "dora"), charlie.team)
    hidden = Membership.objects.create(team=make_team("hidden"), user=third.user)
    browser = Client()
    browser.post(f"/sign-in/{create_link(third.user, team=charlie.team)}")

    browser.post(link)

    statuses = [
        browser.get(f"/teams/{slug}/members").status_code
        for slug in ("others", "alpha", hidden.team.slug)
    ]
    assert statuses == [200, 200, 404]


def test_the_same_invitation_lets_nobody_in_twice(link: str) -> None:
    assert Client().post(link, NEW).status_code == 302
    again = Client().post(link, {"username": "second", "password": PASSWORD})

    assert again.status_code == 404
    assert "opens nothing" in again.content.decode()
    assert not User.objects.filter(username="second").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_comes_in(link: str, alice: Person) -> None:
    browsers = {name: Client() for name in ("frida", "gerda")}
    for browser in browsers.values():
        assert browser.get(link).status_code == 200

    statuses = at_once(
        *(
            lambda name=name, one=one: one.post(link, {"username": name, "password": PASSWORD})
            for name, one in browsers.items()
        )
    )

    assert sorted(answer.status_code for answer in statuses) == [302, 404]
    assert Membership.objects.filter(team=alice.team).count() == 2
    assert User.objects.filter(username__in=browsers).count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"revoked_at": timezone.now()},
        {"accepted_at": timezone.now()},
    ],
)
def test_what_is_over_says_nothing_of_the_team(link: str, change: dict[str, Any]) -> None:
    Invitation.objects.update(**change)
    never = Client().get("/join/kyozo_invite_never")

    for answer in (Client().get(link), Client().post(link, NEW)):
        assert answer.status_code == 404
        assert answer.content == never.content
    assert not User.objects.filter(username="frida").exists()


@pytest.mark.parametrize("secret", ["x", "kyozo_", "%00", "a" * 5000, "%F0%9F%92%A9", "..%5c"])
def test_what_is_no_invitation_is_over(client: Client, db: None, secret: str) -> None:
    for ask in (client.get, client.post):
        assert ask(f"/join/{secret}").status_code == 404


def test_an_invitation_to_another_team_opens_that_one_alone(
    link: str, alice: Person, charlie: Person
) -> None:
    token = make_invitation(charlie.team, charlie.user)[1]
    browser = Client()
    browser.post(f"/join/{token}?team=alpha", NEW | {"team": "alpha", "role": "owner"})

    member = Membership.objects.get(user__username="frida")
    assert (member.team, member.role) == (charlie.team, Role.VIEWER)
    assert browser.get("/teams/alpha/members").status_code == 404


def test_who_is_on_the_team_does_not_use_it_up(link: str, alice: Person) -> None:
    answer = signed_in(alice.user).post(link)

    assert answer.status_code == 409
    assert "on this team already" in answer.content.decode()
    assert Client().post(link, NEW).status_code == 302


@pytest.mark.parametrize(
    "fields",
    [
        *({}, {"username": "frida"}, {"username": "", "password": PASSWORD}),
        *({"username": "frida", "password": "short"}, {"username": "ALICE", "password": PASSWORD}),
        *({"username": "<b>", "password": PASSWORD}, {"username": " frida", "password": PASSWORD}),
        {"username": "frida\n", "password": PASSWORD},
        {"username": "frida", "password": "x" * 1001},
        {"username": "kyozo_x", "password": PASSWORD},
        {"username": "frida\x00", "password": PASSWORD},
    ],
)
def test_what_is_no_account_is_told_and_uses_nothing_up(
    client: Client, link: str, fields: dict[str, str]
) -> None:
    answer = client.post(link, fields)

    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'role="alert"' in page
    assert "<b>" not in page
    assert "x" * 1001 not in page
    assert client.post(link, NEW).status_code == 302


def test_the_form_must_be_the_page_s_own(link: str) -> None:
    assert Client(enforce_csrf_checks=True).post(link, NEW).status_code == 403
    assert not User.objects.filter(username="frida").exists()


def test_guessing_is_counted_by_address(client: Client, link: str, settings: Settings) -> None:
    settings.KYOZO = settings.KYOZO | {"RATE_LIMITS": True, "ANONYMOUS_LIMIT": 2}
    statuses = [client.get(f"/join/{n}").status_code for n in range(3)]

    assert statuses == [404, 404, 429]
    assert client.post(link, NEW).status_code == 429
    assert client.post(link, NEW, REMOTE_ADDR="10.0.0.1").status_code == 302


def test_what_breaks_off_half_way_leaves_it_open(
    link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Client(raise_request_exception=False)

    def full(*_: Any, **__: Any) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(AuditEntry, "save", full)
        assert browser.post(link, NEW).status_code == 500
    assert not User.objects.filter(username="frida").exists()
    assert browser.post(link, NEW).status_code == 302


def test_who_has_an_account_signs_in_first_and_comes_back(
    client: Client, link: str, alice: Person
) -> None:
    person = make_user("frida")
    person.set_password(PASSWORD)
    person.save()
    way = client.get(link).content.decode().partition('<a href="/sign-in?')[2].partition('"')[0]
    page = client.get(f"/sign-in?{way}").content.decode()
    assert f'name="next" value="{link}"' in page

    answer = client.post("/sign-in", NEW | {"next": link})

    assert answer.headers["Location"] == link
    assert "Join as frida" in client.get(link).content.decode()


def test_signing_out_leads_back_to_the_invitation(link: str, charlie: Person) -> None:
    browser = signed_in(charlie.user)

    assert browser.post("/sign-out", {"next": link}).headers["Location"] == link
    assert 'autocomplete="new-password"' in browser.get(link).content.decode()


@pytest.mark.parametrize(
    "elsewhere",
    [
        *("https://evil.example/", "//evil.example", "/\\evil.example", "///evil.example"),
        *("\\\\evil.example", "javascript:alert(1)", "/\t/evil.example", "http:evil.example"),
        *("/ok\r\nSet-Cookie: a=b", "evil.example", " //evil.example", "/a" * 600, "/x#//", "@x"),
        *("/%0d%0aLocation: //evil.example", "data:text/html,x", "/<script>", ""),
    ],
)
def test_next_leads_to_a_page_of_ours_or_to_the_start(
    client: Client, charlie: Person, elsewhere: str
) -> None:
    charlie.user.set_password(PASSWORD)
    charlie.user.save()
    fields = {"username": "charlie", "password": PASSWORD, "next": elsewhere}
    page = client.get("/sign-in", {"next": elsewhere}).content.decode()
    assert 'name="next"' not in page

    for answer in (client.post("/sign-in", fields), client.post("/sign-out", {"next": elsewhere})):
        assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    wrong = client.post("/sign-in", fields | {"password": "wrong"})
    assert 'name="next"' not in wrong.content.decode()
