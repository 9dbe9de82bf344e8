"""Sockets that only listen: many in one process, so frames are looked at and not decoded."""

import asyncio
import base64
import os
import time
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
FINAL, MASKED = 0x80, 0x80
NO_MASK = bytes(4)
NUMBER = b'"sequence_number":'
CONNECT_S = 30.0
AT_ONCE = 50


@dataclass(slots=True)
class Heard:
    """Numbers in the order they came, and when; and each time somebody came (again), and had been
    told what they missed."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    came_at: "array[float]" = field(default_factory=lambda: array("d"))
    live_from: "array[float]" = field(default_factory=lambda: array("d"))

    @property
    def last(self) -> int:
        return self.numbers[-1] if self.numbers else 0


class Wire(asyncio.Protocol):
    """One connection: it asks for the socket, pings once, and notes what it hears."""

    def __init__(self, request: bytes, heard: Heard) -> None:
        self._request = request
        self._heard = heard
        self._rest = b""
        self._is_open = False
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP's is
        self.transport = transport
        self._heard.came_at.append(time.monotonic())
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        at = time.monotonic()
        self._rest += data
        if not self._is_open and not self._opened():
            return
        begin = 0
        while frame := _frame(self._rest, begin):
            kind, payload, begin = frame
            self._take(kind, payload, at)
        self._rest = self._rest[begin:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(f"refused: {self._rest[:200]!r}"))

    def _opened(self) -> bool:
        head, end, rest = self._rest.partition(b"\r\n\r\n")
        if not end:
            return False
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self.transport.abort()
            return False
        self._is_open, self._rest = True, rest
        self._send(TEXT, b'{"type":"ping"}')
        return True

    def _take(self, kind: int, payload: bytes, at: float) -> None:
        if kind == PING:
            self._send(PONG, payload)
        elif kind == TEXT and (found := payload.rfind(NUMBER)) >= 0:
            self._heard.numbers.append(int(payload[found + len(NUMBER) : -1]))
            self._heard.times.append(at)
        elif kind == TEXT and payload.startswith(b'{"event": "pong"') and not self.joined.done():
            self._heard.live_from.append(at)
            self.joined.set_result(None)

    def _send(self, kind: int, payload: bytes) -> None:
        self.transport.write(bytes((FINAL | kind, MASKED | len(payload))) + NO_MASK + payload)


@dataclass(slots=True)
class Listener:
    """Somebody with a socket, who comes back with the last number that they heard."""

    port: int
    token: str
    heard: Heard = field(default_factory=Heard)
    _wire: Wire | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(
            lambda: Wire(self._request(), self.heard), "127.0.0.1", self.port
        )
        self._wire = wire
        async with asyncio.timeout(CONNECT_S):
            await wire.joined

    @property
    def is_open(self) -> bool:
        return self._wire is not None and not self._wire.transport.is_closing()

    def cut(self) -> None:
        """Without a word."""
        assert self._wire is not None  # noqa: S101 - it was opened
        self._wire.transport.abort()

    def _request(self) -> bytes:
        lines = (
            f"GET /live/containers?since={self.heard.last} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            f"X-API-Key: {self.token}",
        )
        return "\r\n".join([*lines, "", ""]).encode()


async def open_all(listeners: Iterable[Listener]) -> None:
    """A few at a time, as a queue of people would."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(listener: Listener) -> None:
        async with places:
            await listener.open()

    await asyncio.gather(*(one(listener) for listener in listeners))


def _frame(data: bytes, begin: int) -> tuple[int, bytes, int] | None:
    """The kind and payload of the frame that begins there, and where it ends; None if the rest of
    it is still to come."""
    if len(data) < begin + 2:
        return None
    length, start = data[begin + 1], begin + 2
    if length >= 126:
        size = 2 if length == 126 else 8
        length, start = int.from_bytes(data[start : start + size]), start + size
    end = start + length
    if len(data) < end:
        return None
    return data[begin] & 0x0F, data[start:end], end
