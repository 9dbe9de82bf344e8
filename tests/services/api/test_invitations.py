"""/teams/T/invitations and /invitations/accept: one token, one newcomer"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from services.accounts.invitations import Newcomer, accept
from services.errors import NotFoundError
from services.models import AuditEntry
from services.teams.models import Invitation, Membership, Role, Scope
from tests.conftest import Api, Person
from tests.factories import make_invitation, make_member, make_user
from tests.services.at_once import outcomes

ACCEPT = "/api/v1/invitations/accept"
PASSWORD = "correct horse battery"


def came(token: str, **fields: Any) -> Any:
    body = {"token": token, "username": "frida", "password": PASSWORD, **fields}
    return APIClient().post(ACCEPT, body, format="json")


@pytest.fixture
def token(alice: Person) -> str:
    return make_invitation(alice.team, alice.user, role=Role.DEVELOPER)[1]


def test_the_token_is_shown_once_and_kept_as_a_hash(api: Api) -> None:
    made = api.post(api.at("/invitations"), {"role": "viewer", "email": "frida@example.com"})
    data = made.json()["data"]

    listed = api.get(api.at("/invitations"))
    assert made.status_code == 201
    assert data["token"].startswith("kyozo_invite_")
    assert data.pop("join_url") == f"http://testserver/join/{data.pop('token')}"
    assert listed.json()["data"] == [data]
    assert (data["state"], data["email"], data["invited_by"]) == (
        "open",
        "frida@example.com",
        "alice",
    )


def test_it_expires_after_a_week(api: Api) -> None:
    api.post(api.at("/invitations"), {"role": "viewer"})

    life = Invitation.objects.get().expires_at - timezone.now()
    assert timedelta(days=6, hours=23) < life <= timedelta(days=7)


def test_a_newcomer_gets_an_account_and_a_way_in(token: str, alice: Person) -> None:
    answer = came(token)
    data = answer.json()["data"]

    assert answer.status_code == 201
    assert (data["member"]["name"], data["member"]["role"]) == ("frida", "developer")
    assert data["team"]["id"] == str(alice.team.id)
    assert User.objects.get(username="frida").check_password(PASSWORD)
    browser = Client()
    assert browser.post(data["sign_in_url"].removeprefix("http://testserver")).status_code == 302
    assert browser.get("/").status_code == 200


def test_somebody_with_an_account_joins_by_token_or_session(
    token: str, alice: Person, charlie: Person, as_person: Callable[..., Api]
) -> None:
    assert as_person(charlie).post(ACCEPT, {"token": token}).status_code == 201

    browser = Client()
    browser.force_login(user := make_user("gina"))
    body = {"token": make_invitation(alice.team, alice.user)[1]}
    assert browser.post(ACCEPT, body, content_type="application/json").status_code == 201
    assert set(alice.team.memberships.values_list("user", flat=True)) >= {user.pk, charlie.user.pk}


def test_a_session_must_carry_the_csrf_token(token: str) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(make_user("gina"))

    answer = browser.post(ACCEPT, {"token": token}, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf_failed")


def test_a_weak_token_joins_nothing_for_its_person(
    token: str, charlie: Person, as_person: Callable[..., Api]
) -> None:
    weak = as_person(charlie, scope=Scope.DEPLOY)

    assert weak.post(ACCEPT, {"token": token}).status_code == 403
    assert Invitation.objects.open().exists()


def test_it_is_good_for_one(token: str) -> None:
    came(token)
    answer = came(token, username="second")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "invitation.over")
    assert not User.objects.filter(username="second").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_gets_in(token: str) -> None:
    works = [
        lambda name=name: accept(token, Newcomer(name, PASSWORD)) for name in ("frida", "gina")
    ]
    results = outcomes(works, refusal=NotFoundError)

    assert sorted(type(one).__name__ for one in results) == ["Arrival", "NotFoundError"]
    assert Membership.objects.filter(role=Role.DEVELOPER).count() == 1
    assert User.objects.count() == 2


@pytest.mark.parametrize("how", ["unknown", "used", "revoked", "expired", "inviter is gone"])
def test_over_is_one_answer_whatever_was(token: str, alice: Person, how: str) -> None:
    now = timezone.now()
    if how == "inviter is gone":
        User.objects.filter(pk=alice.user.pk).update(is_active=False)
    else:
        columns = {"used": "accepted_at", "revoked": "revoked_at", "expired": "expires_at"}
        Invitation.objects.update(**{columns[how]: now} if how in columns else {})
    said = came("kyozo_invite_nothing" if how == "unknown" else token, password="short").json()

    assert said["error"] | {"request_id": ""} == {
        "message": "This invitation was used or revoked, has expired or never was",
        "code": "invitation.over",
        "fix": "ask for a new one",
        "request_id": "",
    }


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"password": "short"}, 422),
        ({"password": "password1234"}, 422),
        ({"username": "frida.from.fulda", "password": "frida.from.fulda"}, 422),
        ({"username": "alice"}, 422),
        ({"username": "ALICE"}, 422),
        ({"username": "al\u0131ce\n"}, 422),
        ({"username": "kyozo_9JMIqlzE"}, 422),
        ({"username": "Kyozo_9"}, 422),
        ({"role": "owner"}, 400),
        ({"team": "x"}, 400),
        ({"username": 1}, 400),
    ],
)
def test_what_is_refused_uses_nothing_up(token: str, fields: Any, status: int) -> None:
    answer = came(token, **fields)

    assert answer.status_code == status, answer.content
    assert Invitation.objects.open().exists()
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "missing"),
    [
        ({}, ["username", "password"]),
        ({"username": "frida"}, ["password"]),
        ({"password": PASSWORD}, ["username"]),
    ],
)
def test_who_wants_an_account_is_told_what_is_missing(
    token: str, sent: Any, missing: list[str]
) -> None:
    answer = APIClient().post(ACCEPT, {"token": token, **sent}, format="json")

    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {name: ["is required"] for name in missing}


def test_a_member_is_told_so_and_keeps_the_role(token: str, api: Api, alice: Person) -> None:
    answer = api.post(ACCEPT, {"token": token})

    assert answer.json()["error"]["code"] == "team.already_member"
    assert Membership.objects.get(user=alice.user).role == Role.OWNER
    assert Invitation.objects.open().exists()


def test_an_admin_invites_no_owner(as_person: Callable[..., Api], alice: Person) -> None:
    api = as_person(Person(make_member(alice.team, role=Role.ADMIN), alice.team))

    assert api.post(api.at("/invitations"), {"role": "owner"}).status_code == 403
    assert api.post(api.at("/invitations"), {"role": "admin"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"role": "root"}, 422),
        ({"role": "viewer", "email": "a@b\nBcc: c@d"}, 422),
        ({"role": "viewer", "expires_at": "2001-01-01T00:00:00Z"}, 422),
        ({"role": "viewer", "expires_at": "2999-01-01T00:00:00Z"}, 422),
    ],
)
def test_a_bad_invitation_is_refused(api: Api, body: Any, status: int) -> None:
    assert api.post(api.at("/invitations"), body).status_code == status


def test_a_team_has_a_bounded_number_of_them(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.accounts.invitations.MOST_OPEN", 1)
    answers = [api.post(api.at("/invitations"), {"role": "viewer"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]


def test_revoking_twice_is_harmless_and_ends_it(api: Api, token: str) -> None:
    at = api.at(f"/invitations/{Invitation.objects.get().id}")

    assert [api.delete(at).status_code for _ in range(2)] == [204, 204]
    assert came(token).status_code == 404


def test_an_admin_revokes_no_invitation_of_an_owner(
    as_person: Callable[..., Api], alice: Person
) -> None:
    api = as_person(Person(make_member(alice.team, role=Role.ADMIN), alice.team))
    owner, other = (
        make_invitation(alice.team, alice.user, role=role)[0] for role in (Role.OWNER, Role.ADMIN)
    )

    assert api.delete(api.at(f"/invitations/{owner.id}")).status_code == 403
    assert Invitation.objects.open().filter(pk=owner.pk).exists()
    assert api.delete(api.at(f"/invitations/{other.id}")).status_code == 204


def test_what_was_accepted_cannot_be_revoked(api: Api, token: str) -> None:
    came(token)
    answer = api.delete(api.at(f"/invitations/{Invitation.objects.get().id}"))

    assert answer.json()["error"]["code"] == "invitation.accepted"


def test_the_log_says_who_came_and_no_secret(token: str) -> None:
    came(token)

    entry = AuditEntry.objects.get(action="invitation.accept")
    assert (entry.user_name, entry.object_name) == ("frida", "frida")
    assert entry.after == {"role": "developer", "invited_by": "alice"}
    kept = str(list(AuditEntry.objects.values()))
    assert token not in kept
    assert PASSWORD not in kept


def test_a_team_is_not_told_with_which_token_of_another_somebody_came(
    token: str, api: Api, stranger: Api
) -> None:
    stranger.post(ACCEPT, {"token": token})

    told = api.get(api.at("/audit")).content.decode()
    assert "charlie" in told
    assert stranger.token[:12] not in told
