"""Requests as bytes on a socket, from senders and readers that take their time."""

import json
import socket
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any

FORM = "application/x-www-form-urlencoded"


class Wire:
    """One connection; what is sent goes out as it stands."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def begin(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        """All of a request but its body."""
        told = {"Host": "127.0.0.1", **headers}
        lines = [f"{method} {path} HTTP/1.1", *(f"{k}: {v}" for k, v in told.items())]
        self.send("\r\n".join([*lines, "", ""]).encode())

    def send(self, content: bytes) -> None:
        self._socket.sendall(content)

    def read(self, size: int) -> bytes:
        return self._socket.recv(size)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        response = HTTPResponse(self._socket)
        response.begin()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()

    def error(self) -> tuple[int, dict[str, Any]]:
        """With what the answer says besides checked: its id, and that this is the end."""
        status, headers, body = self.answer()
        error: dict[str, Any] = json.loads(body)["error"]
        assert error["request_id"] == headers["x-request-id"]
        assert headers["connection"] == "close"
        assert self.is_over()
        return status, error

    def is_over(self) -> bool:
        try:
            return self._socket.recv(1) == b""
        except ConnectionError:
            return True


def form(length: int | None = None, **headers: str) -> dict[str, str]:
    """The headers of a form that a page sends; in chunks without a length."""
    framing = (
        {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": f"{length}"}
    )
    return {"Content-Type": FORM, "Cookie": f"csrftoken={'c' * 32}", **framing, **headers}


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)
