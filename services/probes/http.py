"""One HTTP GET whose status tells whether an app is well. Redirects are answers, not followed."""

import re
import socket
from collections.abc import Mapping, Set
from contextlib import suppress
from urllib.parse import quote

from services.probes.base import ProbeResult, Stopwatch, in_words

HEAD_LIMIT = 64 * 1024
BODY_LIMIT = 64 * 1024
# How long to listen to a body nobody needs: hanging up at once makes some apps log an error.
POLITE_S = 0.2
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})[ \r\n]")
_END_OF_HEAD = b"\r\n\r\n"


class NotHttpError(ValueError):
    """Something answered, but not in HTTP."""


def check_http(
    address: str,
    port: int,
    *,
    path: str = "/",
    headers: Mapping[str, str] | None = None,
    expected: Set[int] = frozenset(),
    timeout_s: float,
) -> ProbeResult:
    """`expected` empty means any status below 500. The time limit covers the whole exchange."""
    watch = Stopwatch(timeout_s)
    try:
        with socket.create_connection((address, port), timeout=timeout_s) as connection:
            connection.sendall(request_bytes(path, port=port, headers=headers or {}))
            status = _read_status(connection, watch)
            elapsed_ms = watch.elapsed_ms
            _drain(connection, watch)
    except NotHttpError as exc:
        return ProbeResult(ok=False, response_time_ms=watch.elapsed_ms, error=str(exc))
    except OSError as exc:
        error = in_words(exc, port=port, timeout_s=timeout_s)
        return ProbeResult(ok=False, response_time_ms=watch.elapsed_ms, error=error)
    error = _complaint(status, path=path, expected=expected)
    return ProbeResult(not error, elapsed_ms, status_code=status, error=error)


def request_bytes(path: str, *, port: int, headers: Mapping[str, str]) -> bytes:
    """`localhost` as the host: frameworks that allow only known names allow this one."""
    fields = {
        "host": f"localhost:{port}",
        "user-agent": "kyozo-probe",
        "accept": "*/*",
        "connection": "close",
    }
    fields |= {name.lower(): value for name, value in headers.items()}
    target = quote(path, safe="/?&=:;@!$'()*+,%~[]")
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8")


def _read_status(connection: socket.socket, watch: Stopwatch) -> int:
    """The first status that is not provisional (1xx)."""
    head = b""
    while True:
        while _END_OF_HEAD not in head:
            connection.settimeout(watch.left_s())
            piece = connection.recv(4096)
            head += piece
            if not piece or len(head) > HEAD_LIMIT:
                break
        found = _STATUS_LINE.match(head)
        if found is None:
            raise NotHttpError(_not_http(head))
        if (status := int(found[1])) >= 200:
            return status
        head = head.partition(_END_OF_HEAD)[2]


def _drain(connection: socket.socket, watch: Stopwatch) -> None:
    received = 0
    with suppress(OSError):
        patience = Stopwatch(min(POLITE_S, watch.left_s()))
        while received < BODY_LIMIT:
            connection.settimeout(patience.left_s())
            piece = connection.recv(8192)
            if not piece:
                return
            received += len(piece)


def _not_http(head: bytes) -> str:
    if not head:
        return "the connection was closed without an answer (is this an HTTP port?)"
    return "the answer is not HTTP (is the port right? is it HTTPS? a raw port wants a tcp check)"


def _complaint(status: int, *, path: str, expected: Set[int]) -> str:
    if status in expected or (not expected and status < 500):
        return ""
    wanted = ", ".join(map(str, sorted(expected))) if expected else "any status below 500"
    return f"GET {path} answered {status}, expected {wanted}"
