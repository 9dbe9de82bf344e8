"""Clients that never ask twice: a steady rate of requests, half of them on kept connections."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

LIMIT_S = 5.0
SLOW_LIMIT_S = 8.0
KEPT = 20
WEB_SOCKET_S = 4.0


class WrongAnswerError(Exception):
    """An answer came, but not the expected one."""


@dataclass(frozen=True, slots=True)
class Failure:
    kind: str
    at: float
    what: str


@dataclass(slots=True)
class Expected:
    """The releases that may answer: both while one replaces the other, then the new one alone."""

    releases: frozenset[str] = frozenset()

    def switching_to(self, release: str) -> None:
        self.releases |= {release}

    def only(self, release: str) -> None:
        self.releases = frozenset({release})


@dataclass(slots=True)
class Clients:
    """Everybody who asks one address. `slowest` is of what should be quick, in seconds."""

    port: int
    rate: int
    expected: Expected
    sent: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    slowest: float = 0.0
    _orders: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    async def ask_until(self, is_over: asyncio.Event) -> None:
        """All of them at once: per second `rate` requests, and what stays open for long."""
        per_kind = self.rate / 4
        every_s = KEPT / 2 / per_kind
        async with asyncio.TaskGroup() as group:
            for number in range(KEPT):
                method = "GET" if number % 2 else "POST"
                wait = every_s * number / KEPT
                group.create_task(self._keep_asking(is_over, method, every_s, wait))
            for method in ("GET", "POST"):
                group.create_task(self._ask_anew(is_over, method, 1 / per_kind, group))
            for wait in (0, 1, 2):
                group.create_task(self._wait_long(is_over, wait))
                group.create_task(self._talk(is_over, wait))

    async def _keep_asking(
        self, is_over: asyncio.Event, method: str, every_s: float, wait_s: float
    ) -> None:
        """One after the other on one connection; who closed it while it was idle gets a new one."""
        await asyncio.sleep(wait_s)
        connection: Connection | None = None
        while not is_over.is_set():
            started = time.monotonic()
            if connection is None or connection.is_closed:
                connection = await self._open(f"kept {method}")
            if connection and not await self._ask(f"kept {method}", connection, method):
                connection.close()
                connection = None
            await asyncio.sleep(max(0, started + every_s - time.monotonic()))
        if connection:
            connection.close()

    async def _ask_anew(
        self, is_over: asyncio.Event, method: str, every_s: float, group: asyncio.TaskGroup
    ) -> None:
        """At the time, whether or not those before were answered."""
        due = time.monotonic()
        while not is_over.is_set():
            group.create_task(self._ask_once(f"new {method}", method))
            due += every_s
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def _ask_once(self, kind: str, method: str, path: str = "/") -> None:
        if connection := await self._open(kind):
            await self._ask(kind, connection, method, path)
            connection.close()

    async def _wait_long(self, is_over: asyncio.Event, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        while not is_over.is_set():
            await self._ask_once("slow", "GET", "/slow")

    async def _talk(self, is_over: asyncio.Event, wait_s: float) -> None:
        await asyncio.sleep(wait_s)
        while not is_over.is_set():
            if connection := await self._open("web socket"):
                self.sent["web socket"] += 1
                talk = connection.talk(WEB_SOCKET_S)
                await self._tried("web socket", talk, limit_s=WEB_SOCKET_S + LIMIT_S)
                connection.close()

    async def _open(self, kind: str) -> "Connection | None":
        return await self._tried(f"{kind}: connect", Connection.to(self.port), limit_s=LIMIT_S)

    async def _ask(self, kind: str, connection: "Connection", method: str, path: str = "/") -> bool:
        self.sent[kind] += 1
        limit_s = SLOW_LIMIT_S if kind == "slow" else LIMIT_S
        started = time.monotonic()
        answered = await self._tried(kind, self._answer(connection, method, path), limit_s=limit_s)
        if kind != "slow":
            self.slowest = max(self.slowest, time.monotonic() - started)
        return answered is not None

    async def _answer(self, connection: "Connection", method: str, path: str) -> str:
        allowed = self.expected.releases
        body = str(next(self._orders)) if method == "POST" else ""
        status, text = await connection.ask(method, path, body)
        if status != 200:
            raise WrongAnswerError(f"status {status}")
        if text not in allowed | self.expected.releases:
            raise WrongAnswerError(f"release {text} answered")
        return text

    async def _tried(self, kind: str, work: Coroutine[Any, Any, T], *, limit_s: float) -> T | None:
        """What goes wrong inside is a failed request; then None."""
        try:
            async with asyncio.timeout(limit_s):
                return await work
        except (OSError, EOFError, ValueError, WrongAnswerError) as exc:
            self.failures.append(Failure(kind, time.time(), repr(exc)))
            return None


@dataclass(slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def to(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @property
    def is_closed(self) -> bool:
        return self.reader.at_eof() or self.writer.is_closing()

    def close(self) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: str) -> tuple[int, str]:
        self._send(f"{method} {path} HTTP/1.1", f"Content-Length: {len(body)}", body=body)
        status, headers = await self._head()
        length = int(headers.get("content-length", "0"))
        text = (await self.reader.readexactly(length)).decode()
        if headers.get("connection") == "close":
            self.close()
        return status, text

    async def talk(self, seconds: float) -> bool:
        """Bytes to and fro on a connection that was upgraded."""
        self._send("GET /talk HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket")
        status, _ = await self._head()
        if status != 101:
            raise WrongAnswerError(f"status {status}")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            self.writer.write(b"still there?")
            await self.reader.readexactly(len(b"still there?"))
            await asyncio.sleep(0.2)
        return True

    def _send(self, *lines: str, body: str = "") -> None:
        head = "\r\n".join([*lines, "Host: steady", "", ""])
        self.writer.write((head + body).encode())

    async def _head(self) -> tuple[int, dict[str, str]]:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *rest = head.strip().split("\r\n")
        pairs = (line.split(": ", 1) for line in rest)
        return int(first.split()[1]), {name.lower(): value for name, value in pairs}
