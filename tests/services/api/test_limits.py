"""Rate limits: a team's by the hour, a token's by the burst, an address's without a token."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.test import Client
from pytest_django import Settings

from services.teams import limits
from services.teams.models import Invitation, Team
from tests.conftest import Api, Person
from tests.factories import make_invitation, make_token
from tests.services.at_once import at_once
from tests.services.live.wire import Socket

START = 1_900_000_800  # a full hour


@pytest.fixture(autouse=True)
def _limited(settings: Settings) -> Iterator[None]:
    settings.KYOZO = {**settings.KYOZO, "RATE_LIMITS": True, "BURST": 50, "ANONYMOUS_LIMIT": 2}
    with time_machine.travel(START, tick=False):
        yield


def headers(answer: Any) -> tuple[int, int, int]:
    names = ("Limit", "Remaining", "Reset")
    limit, remaining, reset = (int(answer.headers[f"X-RateLimit-{name}"]) for name in names)
    return limit, remaining, reset


@pytest.mark.parametrize(("plan", "limit"), limits.PLANS.items())
def test_every_answer_says_what_is_left(api: Api, plan: str, limit: int) -> None:
    Team.objects.update(plan=plan)

    first, second = api.get(api.at("/services")), api.get(api.at("/services/none"))

    assert headers(first) == (limit, limit - 1, START + 3600)
    assert headers(second) == (limit, limit - 2, START + 3600)


def test_beyond_it_nobody_of_the_team_gets_in_until_the_hour_is_over(
    api: Api, alice: Person, as_person: Callable[..., Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.PLANS, "standard", 1)
    api.get(api.at("/services"))

    other = as_person(alice)
    refused = other.get(other.at("/services"))

    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
    assert (headers(refused)[1], refused.headers["Retry-After"]) == (0, "3600")
    with time_machine.travel(START + 3600, tick=False):
        assert api.get(api.at("/services")).status_code == 200


def test_another_team_is_not_affected(
    api: Api, stranger: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.PLANS, "standard", 1)
    for _ in range(2):
        api.get("/api/v1/me")

    assert stranger.get("/api/v1/me").status_code == 200


def test_no_header_and_no_other_address_leads_around_it(
    api: Api, stranger: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.PLANS, "standard", 1)
    api.get("/api/v1/me")

    at = stranger.at("/services")
    answer = api.get(at, HTTP_X_FORWARDED_FOR="10.1.1.1", HTTP_X_TEAM_ID=str(stranger.team.id))
    assert answer.status_code == 429


def test_a_burst_of_one_token_is_stopped_for_seconds(api: Api) -> None:
    answers = [api.get("/api/v1/me").status_code for _ in range(51)]

    assert answers == [200] * 50 + [429]
    with time_machine.travel(START + 10, tick=False):
        assert api.get("/api/v1/me").status_code == 200


def test_guessing_tokens_is_limited_by_address(client: Client, api: Api) -> None:
    def guess(address: str = "127.0.0.1") -> Any:
        return client.get("/api/v1/me", headers={"X-API-Key": "x"}, REMOTE_ADDR=address)

    assert [guess().status_code for _ in range(3)] == [401, 401, 429]
    assert guess().headers["Retry-After"] == "3600"
    assert guess("127.0.0.2").status_code == 401
    assert api.get("/api/v1/me").status_code == 200


def test_health_is_not_counted(client: Client, db: None) -> None:
    answers = [client.get("/api/v1/health/live") for _ in range(4)]

    assert {answer.status_code for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_embedded_there_is_no_limit(api: Api, client: Client, settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, "RATE_LIMITS": False}

    assert headers(api.get("/api/v1/me"))[0] == limits.UNLIMITED
    assert headers(client.get("/api/v1/me"))[1] == limits.UNLIMITED


def test_threads_count_exactly() -> None:
    def count() -> list[int]:
        return [limits.of_address("one").remaining for _ in range(100)]

    at_once(count, count, count, count)

    assert limits._increment(f"kyozo.rate.address.one.{START + 3600}", keep_s=1) == 401


def test_without_redis_each_process_counts_for_itself(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, api: Api
) -> None:
    redis = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:1",
    }
    settings.CACHES = {**settings.CACHES, "default": redis}

    assert [headers(api.get("/api/v1/me"))[1] for _ in range(2)] == [999, 998]
    monkeypatch.setitem(limits._away, "until", 0.0)
    settings.CACHES = {**settings.CACHES, "default": settings.CACHES["local"]}


@pytest.mark.django_db(transaction=True)
async def test_a_socket_counts_once(alice: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.PLANS, "standard", 1)
    token = await sync_to_async(make_token)(alice.team, alice.user)
    async with Socket(query=f"token={token}") as socket:
        assert await socket.is_silent()
    async with Socket(query=f"token={token}") as socket:
        assert await socket.close_code() == 4429


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("headers", [{"x-api-key": "wrong"}, {"cookie": "sessionid=wrong"}])
async def test_sockets_without_access_count_by_address(headers: dict[str, str]) -> None:
    page = {"origin": "http://testserver", "host": "testserver"}
    codes = []
    for address in ("10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2"):
        socket = Socket(headers={**page, **headers})
        socket.scope["client"] = [address, 5]
        async with socket:
            codes.append(await socket.close_code())

    assert codes == [4401, 4401, 4429, 4401]


def test_what_is_too_much_uses_no_invitation_up(alice: Person, client: Client) -> None:
    token = make_invitation(alice.team, alice.user)[1]
    for _ in range(2):
        client.get("/api/v1/me")

    body = {"token": token, "username": "frida", "password": "correct horse battery"}
    answer = client.post("/api/v1/invitations/accept", body, content_type="application/json")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert Invitation.objects.open().exists()


def test_accepting_counts_once_for_the_token_that_asks(
    stranger: Api, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(limits.PLANS, "standard", 1)
    tokens = [make_invitation(alice.team, alice.user)[1] for _ in range(2)]

    answers = [stranger.post("/api/v1/invitations/accept", {"token": token}) for token in tokens]

    assert [answer.status_code for answer in answers] == [201, 429]
    assert headers(answers[0]) == (1, 0, START + 3600)
