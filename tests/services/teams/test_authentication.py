"""How a request proves who it is from."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from services.teams import token_cache
from services.teams.models import ApiToken, Membership
from tests.conftest import Person
from tests.factories import make_token

ME = "/api/v1/me"


@pytest.fixture
def token(alice: Person) -> str:
    return make_token(alice.team, alice.user)


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": "{}"}, {"Authorization": "Bearer {}"}, {"Authorization": "bearer  {} "}],
)
def test_both_headers_work(client: Client, token: str, headers: dict[str, str]) -> None:
    sent = {name: value.format(token) for name, value in headers.items()}

    assert client.get(ME, headers=sent).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "kyozo_wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic YTpi"},
        {"X-API-Key": "\xff\xfe"},
    ],
)
def test_without_a_living_token_it_is_a_401(
    client: Client, db: None, headers: dict[str, str]
) -> None:
    answer = client.get(ME, headers=headers)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


def test_an_expired_token_opens_nothing(client: Client, token: str) -> None:
    ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert client.get(ME, headers={"X-API-Key": token}).status_code == 401


def test_a_removed_member_s_token_opens_nothing(client: Client, token: str, alice: Person) -> None:
    Membership.objects.filter(user=alice.user).delete()

    assert client.get(ME, headers={"X-API-Key": token}).status_code == 401


def test_a_disabled_user_s_token_opens_nothing(client: Client, token: str, alice: Person) -> None:
    alice.user.is_active = False
    alice.user.save()

    assert client.get(ME, headers={"X-API-Key": token}).status_code == 401


def test_the_second_request_asks_the_database_nothing(
    client: Client, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(ME, headers={"X-API-Key": token})

    with django_assert_num_queries(0):
        client.get(ME, headers={"X-API-Key": token})


def test_what_is_remembered_is_forgotten_after_seconds(
    client: Client, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_cache, "KEEP_S", 0.0)
    client.get(ME, headers={"X-API-Key": token})
    ApiToken.objects.update(revoked_at=timezone.now())

    assert client.get(ME, headers={"X-API-Key": token}).status_code == 401


def test_use_is_noted_once_a_minute(client: Client, token: str) -> None:
    def used() -> Any:
        token_cache.clear()
        client.get(ME, headers={"X-API-Key": token})
        return ApiToken.objects.get().last_used_at

    first, again = used(), used()
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))

    assert first == again
    assert used() > first


def test_a_session_must_carry_the_csrf_token(alice: Person) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    path = f"/api/v1/teams/{alice.team.id}/image-mappings"
    body = {"source": "a", "target": "b"}

    bare = browser.put(path, body, content_type="application/json")
    browser.get("/")
    token = browser.cookies["csrftoken"].value
    proper = browser.put(
        path, body, content_type="application/json", headers={"X-CSRF-Token": token}
    )

    assert (bare.status_code, bare.json()["error"]["code"]) == (403, "csrf_failed")
    assert proper.status_code == 200
