"""Who asks and does not read: the connection ends, and with it what was kept for them."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from kyozo.platform import connection
from kyozo.platform.web import web_server
from tests.kyozo.wire import Wire
from tests.serving import running

SIZE = 30_000_000


class Site:
    """Answers with more than anything on the way holds, and knows when that is over."""

    def __init__(self) -> None:
        self.port = 0
        self.is_done = threading.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x" * SIZE, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        self.is_done.set()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(connection, "READ_S", 1.0)
    site = Site()
    with running(web_server(site)) as site.port:
        yield site


def all_of(wire: Wire) -> int:
    return sum(map(len, iter(lambda: wire.read(1_000_000), b"")))


def test_who_does_not_read_is_let_go(site: Site) -> None:
    with Wire(site.port) as lazy:
        lazy.begin("GET", "/", {})

        assert site.is_done.wait(30)
        assert all_of(lazy) < SIZE


def test_who_reads_slowly_gets_all_of_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "READ_S", 3.0)
    with Wire(site.port) as steady:
        steady.begin("GET", "/", {"Connection": "close"})
        left = SIZE
        for _ in range(40):
            left -= len(steady.read(500_000))
            time.sleep(0.1)
        left -= all_of(steady)

    assert left < 0, "the head and the chunks' lengths came as well"
