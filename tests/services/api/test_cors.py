"""Pages of other origins: those that were named, with a token and never with a cookie."""

from typing import Any

import pytest
from django.conf import settings as now
from django.test import Client
from pytest_django import Settings

from kyozo import env
from tests.conftest import Api, Person

OURS = "https://app.example"
CORS = "corsheaders.middleware.CorsMiddleware"
FOREIGN = (
    *("https://evil.example", "https://app.example.evil.example", "https://evil-app.example"),
    *("http://app.example", "https://app.example:8443", "https://APP.example.", "null", "*", ""),
)


@pytest.fixture
def _named(settings: Settings) -> None:
    settings.CORS_ALLOWED_ORIGINS = [OURS]
    settings.MIDDLEWARE = [now.MIDDLEWARE[0], CORS, *now.MIDDLEWARE[1:]]


def preflight(client: Client, origin: str, path: str = "/api/v1/me") -> Any:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "x-api-key,x-team-id,idempotency-key,if-match",
    }
    return client.options(path, headers=asked)


def test_by_default_there_is_nothing_of_it(api: Api, client: Client, db: None) -> None:
    assert CORS not in now.MIDDLEWARE
    for answer in (api.get("/api/v1/me", headers={"Origin": OURS}), preflight(client, OURS)):
        assert not [name for name in answer.headers if name.startswith("Access-Control")]


@pytest.mark.usefixtures("_named")
def test_a_page_that_was_named_asks_and_reads(api: Api, client: Client) -> None:
    asked = preflight(client, OURS)
    answer = api.get("/api/v1/me", headers={"Origin": OURS})

    assert asked.headers["Access-Control-Allow-Origin"] == OURS
    allowed = asked.headers["Access-Control-Allow-Headers"]
    assert {"x-api-key", "x-team-id", "idempotency-key"} <= set(allowed.split(", "))
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, OURS)
    assert "X-RateLimit-Remaining" in answer.headers["Access-Control-Expose-Headers"]
    assert "origin" in answer.headers["Vary"].lower()


@pytest.mark.usefixtures("_named")
@pytest.mark.parametrize("origin", FOREIGN)
def test_no_other_page_does(api: Api, client: Client, origin: str) -> None:
    for answer in (preflight(client, origin), api.get("/api/v1/me", headers={"Origin": origin})):
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.usefixtures("_named")
def test_no_cookie_goes_along_and_a_session_needs_its_own_page(
    alice: Person, client: Client
) -> None:
    client.force_login(alice.user)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies

    answer = client.get("/api/v1/me", headers={"Origin": OURS})
    writing = strict.post("/api/v1/sign-in-links", headers={"Origin": OURS})

    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in preflight(client, OURS).headers
    assert (writing.status_code, writing.json()["error"]["code"]) == (403, "csrf_failed")


@pytest.mark.usefixtures("_named")
def test_errors_are_read_too_and_asking_first_is_not_counted(
    api: Api, client: Client, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "RATE_LIMITS": True, "ANONYMOUS_LIMIT": 0}

    refused = client.get("/api/v1/me", headers={"Origin": OURS})

    assert (refused.status_code, refused.headers["Access-Control-Allow-Origin"]) == (429, OURS)
    assert preflight(client, OURS).status_code == 200


@pytest.mark.usefixtures("_named")
@pytest.mark.parametrize("path", ["/", "/sign-in", "/api/docs", "/api/v2/me"])
def test_only_the_api_is_for_other_pages(client: Client, db: None, path: str) -> None:
    for answer in (preflight(client, OURS, path), client.get(path, headers={"Origin": OURS})):
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "said",
    [
        *("*", "null", "https://*", "https://*.app.example", "app.example", "https://app.example/"),
        *("https://app.example/path", "https://u:p@app.example", "ftp://app.example", "file://"),
        *("https://app.example https://b.example", "https://APP.example", "https://"),
    ],
)
def test_what_is_no_exact_origin_is_no_setting(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYOZO_CORS_ORIGINS", f"{OURS},{said}")

    with pytest.raises(env.SettingError, match="KYOZO_CORS_ORIGINS"):
        env.origins("KYOZO_CORS_ORIGINS")


def test_exact_origins_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KYOZO_CORS_ORIGINS", f"{OURS}, http://127.0.0.1:5173,http://[::1]:80")

    found = env.origins("KYOZO_CORS_ORIGINS")
    assert found == [OURS, "http://127.0.0.1:5173", "http://[::1]:80"]
