"""A socket on a real server: what it logs of it, and what it takes from it."""

import logging
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kyozo.asgi import application
from kyozo.platform.web import web_server
from tests.serving import running


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that logs all it can."""
    config = uvicorn.Config(
        application, ws="websockets-sansio", lifespan="off", log_config=None, log_level="debug"
    )
    with running(uvicorn.Server(config)) as port:
        yield port


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    for name in ("uvicorn.error", "uvicorn.access"):
        caplog.set_level(logging.INFO, logger=name)
    return caplog


def test_what_a_server_logs_of_a_socket_has_no_token(
    port: int, query: str, logged: pytest.LogCaptureFixture
) -> None:
    with connect(f"ws://127.0.0.1:{port}/live/containers?{query}") as live:
        live.send('{"type": "ping"}')
        assert "pong" in str(live.recv(timeout=30))

    assert "/live/containers" in logged.text
    assert "kyozo_" not in logged.text


@pytest.mark.parametrize("path", ["containers?team_id=00000000-0000-0000-0000-000000000000&", "x?"])
def test_nor_of_one_that_is_refused(
    port: int, query: str, path: str, logged: pytest.LogCaptureFixture
) -> None:
    token = query.partition("&")[0]
    with (
        connect(f"ws://127.0.0.1:{port}/live/{path}{token}") as live,
        pytest.raises(ConnectionClosed, match="4404"),
    ):
        live.recv(timeout=30)

    assert "/live/" in logged.text
    assert "kyozo_" not in logged.text


def test_nor_of_one_that_lost_its_upgrade_on_the_way(
    port: int, query: str, logged: pytest.LogCaptureFixture
) -> None:
    wire = HTTPConnection("127.0.0.1", port, timeout=30)
    wire.request("GET", f"/live/containers?{query}")
    status = wire.getresponse().status
    wire.close()

    assert status == 404
    assert "/live/containers" in logged.text
    assert "kyozo_" not in logged.text


def test_what_nobody_asked_for_does_not_fill_the_memory(query: str) -> None:
    with (
        running(web_server(application)) as port,
        connect(f"ws://127.0.0.1:{port}/live/containers") as live,
    ):
        live.send("x" * 100_000)

        with pytest.raises(ConnectionClosed, match="1009"):
            live.recv(timeout=30)
