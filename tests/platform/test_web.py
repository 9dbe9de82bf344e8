"""A web process that is told to end: it finishes what it began, and begins nothing new."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.repository import ROOT
from tests.running_platform import free_port
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(60)

PROGRAM = """
import asyncio, sys
from kyozo.platform.listener import listen
from kyozo.platform.web import web_server

async def application(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    print("asked", flush=True)
    await asyncio.sleep({"/slow": 2, "/for-ever": 600}.get(scope["path"], 0))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})

sockets = [listen("127.0.0.1", int(sys.argv[1]), exact=True)]
web_server(application, finish_s=10).run(sockets=sockets)
"""
Web = tuple["subprocess.Popen[str]", int]


@pytest.fixture
def web() -> Iterator[Web]:
    port = free_port()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(port)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: answers(port), within_s=20, what="it answers")
        yield process, port
        process.kill()


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def ask(web: Web, path: str) -> list[str]:
    """In a thread; what came, once it came."""
    process, port = web
    found: list[str] = []

    def work() -> None:
        try:
            found.append(
                httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=30).text
            )
        except httpx.TransportError:
            found.append("cut")

    assert process.stdout is not None
    process.stdout.readline()  # of the look whether it answers
    threading.Thread(target=work, daemon=True).start()
    process.stdout.readline()
    return found


def test_a_request_that_it_has_is_answered_and_a_new_one_refused(web: Web) -> None:
    process, port = web
    found = ask(web, "/slow")

    process.send_signal(signal.SIGTERM)
    wait_until(lambda: not answers(port), within_s=20, what="it takes nothing new")
    process.wait(10)

    wait_until(lambda: found, within_s=20, what="the answer")
    assert found == ["done"]
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_socket_is_told_to_come_back(web: Web) -> None:
    process, port = web
    with connect(f"ws://127.0.0.1:{port}/live", proxy=None) as client:
        process.send_signal(signal.SIGTERM)
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(timeout=10)

    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012


def test_one_that_never_ends_holds_it_up_no_longer_than_is_said(web: Web) -> None:
    process, _ = web
    ask(web, "/for-ever")
    began = time.monotonic()

    process.send_signal(signal.SIGTERM)
    process.wait(40)

    assert time.monotonic() - began < 30
