"""/sign-in: a username and a password, and guessing them."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client
from pytest_django import Settings
from rest_framework.test import APIClient

from services.accounts.sign_in import create_link
from services.models import AuditEntry
from services.teams import limits
from services.teams.models import Membership, Role
from tests.conftest import Person
from tests.factories import make_invitation

PASSWORD = "correct horse battery"
START = 1_900_000_800  # a full hour
hashed: list[str] = []


class Fast(PBKDF2PasswordHasher):
    iterations = 1

    def encode(self, password: str, *args: Any, **options: Any) -> str:
        hashed.append(password)
        return super().encode(password, *args, **options)


@pytest.fixture(autouse=True)
def _one_window(settings: Settings) -> Iterator[None]:
    settings.PASSWORD_HASHERS = [f"{__name__}.Fast"]
    with time_machine.travel(START, tick=False):
        yield
    hashed.clear()


@pytest.fixture
def frida(alice: Person) -> str:
    """Somebody who came by invitation and lost the link."""
    token = make_invitation(alice.team, alice.user, role=Role.DEVELOPER)[1]
    body = {"token": token, "username": "frida", "password": PASSWORD}
    assert APIClient().post("/api/v1/invitations/accept", body, format="json").status_code == 201
    return "frida"


def enter(username: str, password: str, *, address: str = "127.0.0.1", **options: Any) -> Any:
    browser = options.get("browser") or Client()
    fields = {"username": username, "password": password}
    return browser.post("/sign-in", fields, REMOTE_ADDR=address)


def test_who_accepted_an_invitation_comes_back_by_password(frida: str, alice: Person) -> None:
    browser = Client()

    answer = enter(frida, PASSWORD, browser=browser)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert str(alice.team.id) in browser.get("/").content.decode()
    made = browser.post(
        f"/api/v1/teams/{alice.team.id}/tokens", {"name": "ci"}, content_type="application/json"
    )
    assert made.json()["data"]["scope"] == "deploy"


def test_it_opens_the_teams_of_that_person_and_no_other(
    frida: str, alice: Person, charlie: Person
) -> None:
    browser = Client()
    enter(frida, PASSWORD, browser=browser)
    statuses = [
        browser.get(f"/api/v1/teams/{person.team.id}/services").status_code
        for person in (alice, charlie)
    ]

    assert statuses == [200, 404]


@pytest.mark.parametrize("is_password_first", [True, False])
def test_a_link_beside_it_narrows_nothing(
    frida: str, alice: Person, charlie: Person, *, is_password_first: bool
) -> None:
    user = Membership.objects.get(user__username=frida).user
    Membership.objects.create(team=charlie.team, user=user)
    browser, link = Client(), create_link(user, team=charlie.team)
    ways = [
        lambda: enter(frida, PASSWORD, browser=browser),
        lambda: browser.post(f"/sign-in/{link}"),
    ]
    for way in ways if is_password_first else reversed(ways):
        assert way().status_code == 302

    for person in (alice, charlie):
        assert browser.get(f"/api/v1/teams/{person.team.id}/services").status_code == 200


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("frida", "wrong"),
        ("frida", ""),
        ("nobody", PASSWORD),
        ("alice", PASSWORD),
        ("alice", "!"),
        ("", ""),
        ("fri\0da", PASSWORD),
        ("frida", f"{PASSWORD}\0"),
        ("frida", f" {PASSWORD}"),
        ("f" * 151, PASSWORD),
        ("frida", "x" * 1001),
        ("<b>frida", PASSWORD),
    ],
)
def test_what_is_wrong_is_one_answer(frida: str, username: str, password: str) -> None:
    browser = Client()
    wrong = enter("frida", "something else").content.decode().partition("<form")[0]
    hashed.clear()

    answer = enter(username, password, browser=browser)

    assert answer.status_code == 403
    assert answer.content.decode().partition("<form")[0] == wrong
    assert len(hashed) == 1, "the time tells whether there is such a name"
    assert b"data-team" not in browser.get("/").content


def test_who_is_locked_out_does_not_come_in(frida: str) -> None:
    member = Membership.objects.get(user__username=frida)
    member.user.is_active = False
    member.user.save()

    assert enter(frida, PASSWORD).status_code == 403


def test_an_address_guesses_a_few_times(frida: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.SIGN_INS, "address", 2)
    answers = [enter(f"name-{n}", "guess") for n in range(3)]

    assert [answer.status_code for answer in answers] == [403, 403, 429]
    assert answers[2].headers["Retry-After"] == "600"
    assert enter(frida, PASSWORD).status_code == 429
    assert enter(frida, PASSWORD, address="127.0.0.2").status_code == 302
    with time_machine.travel(START + 600, tick=False):
        assert enter(frida, PASSWORD).status_code == 302


@pytest.mark.parametrize("name", ["frida", "nobody"])
def test_a_name_is_guessed_at_a_few_times_from_everywhere(
    frida: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.SIGN_INS, "name", 2)
    cases = [name, name.upper(), name.title()]
    answers = [enter(one, "guess", address=f"10.0.0.{n}") for n, one in enumerate(cases)]

    assert [answer.status_code for answer in answers] == [403, 403, 429]
    hashed.clear()
    assert enter(name, PASSWORD, address="10.0.0.9").status_code == 429
    assert hashed == []


def test_one_address_keeps_nobody_out(frida: str) -> None:
    answers = [enter(frida, "guess", address="10.0.0.1").status_code for _ in range(60)]

    assert answers == [403] * 20 + [429] * 40
    assert enter(frida, PASSWORD, address="10.0.0.2").status_code == 302


def test_addresses_of_one_network_count_together(frida: str) -> None:
    enter_from = [f"2001:db8:1:2::{n:x}" for n in range(1, 22)]
    answers = [enter(f"name-{n}", "guess", address=n).status_code for n in enter_from]

    assert answers == [403] * 20 + [429]
    assert enter(frida, PASSWORD, address="2001:db8:1:2:ffff::1").status_code == 429
    assert enter(frida, PASSWORD, address="2001:db8:1:3::1").status_code == 302


def test_the_form_must_be_the_page_s_own(frida: str) -> None:
    browser = Client(enforce_csrf_checks=True)

    assert enter(frida, PASSWORD, browser=browser).status_code == 403
    assert b"data-team" not in browser.get("/").content


def test_it_is_noted_without_the_password(frida: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        enter(frida, PASSWORD, address="10.0.0.7")
        enter(PASSWORD, "my other password")

    entry = AuditEntry.objects.get(action="session.begin")
    assert (entry.user_name, entry.address, entry.token_prefix) == ("frida", "10.0.0.7", "")
    assert PASSWORD not in str(list(AuditEntry.objects.values())) + caplog.text
    assert "my other password" not in caplog.text
    assert "refused, from 127.0.0.1" in caplog.text


def test_a_new_session_begins(frida: str) -> None:
    """Whoever knew the cookie from before does not come in with it."""
    browser = Client()
    browser.force_login(Membership.objects.get(user__username=frida).user)
    before = browser.cookies["sessionid"].value

    enter(frida, PASSWORD, browser=browser)

    assert browser.cookies["sessionid"].value != before
