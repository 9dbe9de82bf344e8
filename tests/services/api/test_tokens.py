"""/teams/T/tokens: list, make, revoke"""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from services.accounts.tokens import revoke_token
from services.models import AuditEntry
from services.teams import token_cache
from services.teams.models import (
    ROLE_SCOPE,
    ApiToken,
    Membership,
    Role,
    Scope,
    SignInLink,
    allows,
    hash_token,
)
from tests.conftest import Api, Person
from tests.factories import make_member, make_token


def test_a_new_token_is_shown_once_and_works(api: Api, client: Any) -> None:
    made = api.post(api.at("/tokens"), {"name": "ci", "scope": "read"})
    text = made.json()["data"]["token"]

    assert made.status_code == 201
    assert client.get("/api/v1/me", headers={"X-API-Key": text}).json()["data"]["scope"] == "read"
    assert text not in api.get(api.at("/tokens")).content.decode()
    assert not ApiToken.objects.filter(hash__contains=text).exists()


def test_a_revoked_token_opens_nothing_at_once(
    api: Api, client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    made = api.post(api.at("/tokens"), {"name": "ci"}).json()["data"]
    client.get("/api/v1/me", headers={"X-API-Key": made["token"]})

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(api.at(f"/tokens/{made['id']}")).status_code == 204
    assert client.get("/api/v1/me", headers={"X-API-Key": made["token"]}).status_code == 401


def test_revoking_twice_is_harmless(api: Api) -> None:
    made = api.post(api.at("/tokens"), {"name": "ci"}).json()["data"]

    for _ in range(2):
        assert api.delete(api.at(f"/tokens/{made['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": 7}, 400),
        ({"name": "x", "user": "bob"}, 400),
        ({"name": ""}, 422),
        ({"name": "x\x1b[31m"}, 422),
        ({"name": "x", "scope": "root"}, 422),
        ({"name": "x", "expires_at": "2001-01-01T00:00:00Z"}, 422),
        ({"name": "x", "expires_at": "2099-01-01"}, 422),
    ],
)
def test_a_bad_body_is_refused(api: Api, body: Any, status: int) -> None:
    assert api.post(api.at("/tokens"), body).status_code == status


def test_a_token_can_expire(api: Api, client: Any) -> None:
    soon = (timezone.now() + timedelta(hours=1)).isoformat()
    text = api.post(api.at("/tokens"), {"name": "x", "expires_at": soon}).json()["data"]["token"]
    ApiToken.objects.filter(name="x").update(expires_at=timezone.now())

    assert client.get("/api/v1/me", headers={"X-API-Key": text}).status_code == 401


@pytest.mark.parametrize("scope", [Scope.READ, Scope.DEPLOY])
def test_a_token_that_is_weaker_than_its_person_knows_itself_only(
    api: Api, as_person: Any, alice: Person, scope: Scope
) -> None:
    strong = ApiToken.objects.get()
    lower = as_person(alice, scope=scope)

    listed = lower.get(lower.at("/tokens")).json()["data"]

    assert [row["prefix"] for row in listed] == [lower.token[:12]]
    for wanted in Scope:
        body = {"name": "x", "scope": wanted}
        assert lower.post(lower.at("/tokens"), body).status_code == 403
    assert lower.delete(lower.at(f"/tokens/{strong.id}")).status_code == 404
    assert lower.delete(lower.at(f"/tokens/{listed[0]['id']}")).status_code == 204
    assert ApiToken.objects.filter(revoked_at=None).get() == strong


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_every_member_has_tokens_of_their_own(api: Api, alice: Person, role: Role) -> None:
    browser = Client()
    browser.force_login(make_member(alice.team, "bob", role=role))
    at = api.at("/tokens")

    made = browser.post(at, {"name": "mine"}, content_type="application/json").json()["data"]

    assert made["scope"] == ROLE_SCOPE[role]
    assert [row["name"] for row in browser.get(at).json()["data"]] == ["mine"]
    assert [row["user"] for row in api.get(at).json()["data"]] == ["bob", "alice"]
    assert browser.delete(f"{at}/{made['id']}").status_code == 204
    assert ApiToken.objects.filter(user__username="bob", revoked_at=None).count() == 0


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_nobody_makes_a_token_beyond_their_role(
    api: Api, as_person: Any, alice: Person, role: Role
) -> None:
    his = as_person(Person(make_member(alice.team, "bob", role=role), alice.team))
    beyond = [scope for scope in Scope if not allows(ROLE_SCOPE[role], scope)]

    for scope in beyond:
        assert his.post(his.at("/tokens"), {"name": "x", "scope": scope}).status_code == 403
    assert not ApiToken.objects.filter(name="x").exists()


def test_what_is_somebody_else_s_is_not_there(api: Api, as_person: Any, bob: Person) -> None:
    his, hers = as_person(bob), ApiToken.objects.get(user__username="alice")

    assert his.delete(his.at(f"/tokens/{hers.id}")).status_code == 404
    assert api.get("/api/v1/me").status_code == 200


def test_a_stranger_sees_and_revokes_nothing(stranger: Api, alice: Person) -> None:
    make_token(alice.team, alice.user)
    token = ApiToken.objects.get(user=alice.user)

    assert stranger.delete(stranger.at(f"/tokens/{token.id}")).status_code == 404
    token.refresh_from_db()
    assert token.revoked_at is None


def test_an_admin_revokes_no_token_of_an_owner(api: Api, as_person: Any, alice: Person) -> None:
    """Else an administrator could lock the only owner out."""
    dora = Person(make_member(alice.team, "dora", role=Role.ADMIN), alice.team)
    hers, owners = as_person(dora), ApiToken.objects.get(user=alice.user)

    answer = hers.delete(hers.at(f"/tokens/{owners.id}"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "team.owners_only")
    assert api.get("/api/v1/me").status_code == 200
    assert (
        api.delete(api.at(f"/tokens/{ApiToken.objects.get(user=dora.user).id}")).status_code == 204
    )


def test_a_revocation_that_waits_until_the_token_is_gone_does_nothing(alice: Person) -> None:
    make_token(alice.team, alice.user)
    token = ApiToken.objects.get()
    ApiToken.objects.all().delete()

    revoke_token(token, by=alice.user)

    assert not AuditEntry.objects.filter(action="token.revoke").exists()


def test_of_two_revocations_one_is_noted(alice: Person) -> None:
    make_token(alice.team, alice.user)
    stale = [ApiToken.objects.get() for _ in range(2)]

    for token in stale:
        revoke_token(token, by=alice.user)

    assert AuditEntry.objects.filter(action="token.revoke").count() == 1


def test_a_token_is_forgotten_only_when_its_revocation_stands(
    api: Api, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    assert api.get("/api/v1/me").status_code == 200
    with django_capture_on_commit_callbacks() as afterwards:
        revoke_token(ApiToken.objects.get(), by=alice.user)

    assert token_cache._remembered(hash_token(api.token))
    afterwards[0]()
    assert not token_cache._remembered(hash_token(api.token))


@pytest.mark.parametrize("path", ["/api/v1/sign-in-links", "TOKENS"])
def test_who_was_removed_a_moment_ago_gets_nothing_that_lasts(
    api: Api, alice: Person, path: str
) -> None:
    """The token is remembered for seconds, as it is in another process."""
    api.get("/api/v1/me")
    Membership.objects.all().delete()

    answer = api.post(
        path.replace("TOKENS", api.at("/tokens")), {"name": "x"} if path == "TOKENS" else {}
    )

    assert answer.status_code == 404
    assert (ApiToken.objects.count(), SignInLink.objects.count()) == (1, 0)
