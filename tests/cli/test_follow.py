"""Following operations where no socket can be had, and what Ctrl-C does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from kyozo.cli.answers import Operation
from kyozo.cli.client import Api
from kyozo.cli.follow import Follower


class Platform(BaseHTTPRequestHandler):
    """REST only, as behind a proxy that blocks sockets: one operation that goes on when asked."""

    states: ClassVar[list[str]] = []
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(f"GET {self.path.partition('?')[0]}")
        if not self.path.startswith("/api/"):
            self.send_error(403)
            return
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        self._answer({"id": "1", "kind": "deploy", "state": state, "service_name": "api"})

    def do_POST(self) -> None:
        self.asked.append(f"POST {self.path}")
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).states = ["cancelled"]
        self._answer({})

    def _answer(self, data: dict[str, Any]) -> None:
        body = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def api() -> Iterator[Api]:
    Platform.states, Platform.asked = ["running"], []
    with ThreadingHTTPServer(("127.0.0.1", 0), Platform) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made = Api(f"http://127.0.0.1:{server.server_address[1]}", token="t", team_id="T")
        yield made
        made.close()
        server.shutdown()


def begun() -> Operation:
    return Operation.parse({"id": "1", "kind": "deploy", "state": "queued", "service_name": "api"})


def test_without_a_socket_it_asks_until_the_end(api: Api) -> None:
    Platform.states = ["running", "running", "succeeded"]
    seen: list[str] = []

    ended = Follower(api, [begun()], on_change=lambda one: seen.append(one.state), logs=None).run()

    assert [operation.state for operation in ended] == ["succeeded"]
    assert seen == ["queued", "running", "running", "succeeded"]


def test_the_first_interrupt_cancels_and_waits(api: Api) -> None:
    follower = Follower(api, [begun()], on_change=lambda _: None, logs=None)
    follower.interrupt()

    ended = follower.run()

    assert [operation.state for operation in ended] == ["cancelled"]
    assert Platform.asked.count("POST /api/v1/teams/T/operations/1/cancel") == 1


def test_the_second_interrupt_leaves(api: Api) -> None:
    follower = Follower(api, [begun()], on_change=lambda _: None, logs=None)
    follower.interrupt()

    with pytest.raises(KeyboardInterrupt):
        follower.interrupt()
