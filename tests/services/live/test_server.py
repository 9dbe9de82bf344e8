"""A socket on a real server, which logs what it is asked: the token is never in there."""

import logging
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest
import uvicorn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from kyozo.asgi import application
from tests.waiting import wait_until


@pytest.fixture
def port() -> Iterator[int]:
    """Of a server that logs all it can."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            application, ws="websockets-sansio", lifespan="off", log_config=None, log_level="debug"
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        wait_until(lambda: server.started, within_s=10, what="a server", look_every_s=0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    for name in ("uvicorn.error", "uvicorn.access"):
        caplog.set_level(logging.INFO, logger=name)
    return caplog


@pytest.mark.parametrize("extra", ["", "&team_id=00000000-0000-0000-0000-000000000000"])
def test_what_a_server_logs_of_a_socket_has_no_token(
    port: int, query: str, extra: str, logged: pytest.LogCaptureFixture
) -> None:
    token = query.partition("&")[0]
    with connect(f"ws://127.0.0.1:{port}/live/containers?{token}{extra}") as live:
        live.send('{"type": "ping"}')
        if extra:
            with pytest.raises(ConnectionClosed, match="4404"):
                live.recv(timeout=5)
        else:
            assert "pong" in str(live.recv(timeout=5))

    assert "/live/containers" in logged.text
    assert token not in logged.text


def test_nor_of_one_at_another_address(
    port: int, query: str, logged: pytest.LogCaptureFixture
) -> None:
    with (
        connect(f"ws://127.0.0.1:{port}/live/other?{query}") as live,
        pytest.raises(ConnectionClosed, match="4404"),
    ):
        live.recv(timeout=5)

    assert "/live/other" in logged.text
    assert "kyozo_" not in logged.text


def test_nor_of_one_that_lost_its_upgrade_on_the_way(
    port: int, query: str, logged: pytest.LogCaptureFixture
) -> None:
    wire = HTTPConnection("127.0.0.1", port, timeout=5)
    wire.request("GET", f"/live/containers?{query}")
    status = wire.getresponse().status
    wire.close()

    assert status == 404
    assert "/live/containers" in logged.text
    assert "kyozo_" not in logged.text
