"""What a request may have in its headers and cookies: nothing of it is a 500, or opens anything."""

import pytest
from django.conf import settings
from django.test import Client

from services.models import Service
from tests.conftest import Api

VALUES = (
    *("", " ", "x", "; touch /tmp/p", "$(id)", "-oProxyCommand=x", "\u00e9", "\u00ff" * 9, "%00"),
    *("../../etc/passwd", "{{7*7}}", "9" * 5000, "x" * 60_000, "null", "a,b", "a;b=c", '"', "*"),
)
HEADERS = (
    *("Authorization", "X-API-Key", "X-Team-ID", "If-Match", "Idempotency-Key", "X-Request-ID"),
    *("Accept", "Content-Type", "X-CSRF-Token", "Origin", "Referer", "X-Forwarded-For", "Range"),
    *("If-None-Match", "If-Modified-Since", "X-HTTP-Method-Override", "Transfer-Encoding"),
)
# A browser's cookie in quotes may hold any byte as an octal number.
COOKIES = (
    *(r'"abcdefgh\000x"', r'"abcdefgh\377\377"', r'"\012Set-Cookie: x"', "x" * 5000, '"', "=", ";"),
    *("abcdefgh\u00e9\u00e9", "' OR 1=1 --", "../../../../etc/passwd", "\u00b9" * 8),
)


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_is_too_strange(api: Api, service: Service, header: str) -> None:
    url = api.at(f"/services/{service.id}")
    for value in VALUES:
        for method, body in (("get", None), ("patch", {"service": {}})):
            answer = getattr(api, method)(url, body, headers={header: value})
            assert answer.status_code < 500, (value[:40], answer.content)
            assert answer.headers["X-Request-ID"] != value


@pytest.mark.parametrize("path", ["/api/v1/me", "/sign-in", "/"])
@pytest.mark.parametrize("value", COOKIES)
def test_no_cookie_is_too_strange(client: Client, db: None, value: str, path: str) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}={value}; {settings.CSRF_COOKIE_NAME}={value}"

    answers = [
        client.get(path, HTTP_COOKIE=cookie),
        client.post(path, {}, HTTP_COOKIE=cookie, HTTP_X_CSRF_TOKEN=value),
    ]

    assert [answer.status_code for answer in answers if answer.status_code >= 500] == []
    assert client.get("/api/v1/me", HTTP_COOKIE=cookie).status_code == 401
