"""What somebody writes in a way that looks like a header of the proxy before us."""

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from pytest_django import Settings
from websockets.sync.client import connect

from kyozo import asgi
from kyozo.platform.web import web_server
from tests.serving import running

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ("X_Forwarded_For", "X-Forwarded_For", "x_forwarded-for")


@pytest.fixture
def port(settings: Settings) -> Iterator[int]:
    """Behind a proxy, with one try for each address."""
    said = {"PROXY_ADDRESSES": [ip_network("127.0.0.1")], "RATE_LIMITS": True, "ANONYMOUS_LIMIT": 1}
    settings.KYOZO = settings.KYOZO | said
    with running(web_server(asgi.application)) as port:
        yield port


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_first", [True, False])
def test_an_underscore_is_no_dash(port: int, name: str, *, is_first: bool) -> None:
    def ask(forged: str) -> int:
        headers = [("X-Forwarded-For", "198.51.100.1"), (name, forged)]
        url = f"http://127.0.0.1:{port}/api/v1/me"
        ordered = headers[::-1] if is_first else headers
        return httpx.get(url, headers=ordered, trust_env=False, timeout=30).status_code

    assert [ask(f"203.0.113.{n}") for n in range(3)] == [401, 429, 429]


def test_nor_is_it_on_a_socket(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []

    async def sockets(scope: Any, receive: Any, send: Any) -> None:
        seen.extend(name for name, _ in scope["headers"])
        await receive()
        await send({"type": "websocket.accept"})

    monkeypatch.setattr(asgi, "sockets", sockets)
    more = {"X_Api_Key": "forged", "X-Api-Key": "true"}
    with connect(f"ws://127.0.0.1:{port}/live/containers", additional_headers=more):
        pass

    assert b"x-api-key" in seen
    assert not [name for name in seen if b"_" in name]
