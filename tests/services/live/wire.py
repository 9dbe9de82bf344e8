"""A socket for tests, straight on the ASGI application: no server, and it can stop reading."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self

from services.live.routing import sockets

WAIT_S = 5.0


class Socket:
    """`async with Socket(query="token=...") as socket`: connected; what came is read in order."""

    def __init__(
        self,
        *,
        query: str = "",
        headers: dict[str, str] | None = None,
        protocols: tuple[str, ...] = (),
        reads_at_first: bool = True,
    ) -> None:
        self.scope: dict[str, Any] = {
            "type": "websocket",
            "path": "/live/containers",
            "query_string": query.encode(),
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
            "subprotocols": list(protocols),
        }
        self.protocol: str | None = None
        self.closed: int | None = None
        self.reads = asyncio.Event()
        self.is_waited_for = False
        self.frames = 0
        self._reads_at_first = reads_at_first
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        self._in.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(sockets(self.scope, self._in.get, self._send))
        accepted = await self.next()
        assert accepted["type"] == "websocket.accept"
        self.protocol = accepted.get("subprotocol")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.reads.set()
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await asyncio.wait_for(self._task, WAIT_S)

    def say(self, **message: Any) -> None:
        self.say_text(json.dumps(message))

    def say_text(self, text: str) -> None:
        self._in.put_nowait({"type": "websocket.receive", "text": text})

    def say_bytes(self, data: bytes) -> None:
        self._in.put_nowait({"type": "websocket.receive", "bytes": data})

    async def frame(self) -> dict[str, Any]:
        message = await self.next()
        assert message["type"] == "websocket.send", message
        found: dict[str, Any] = json.loads(message["text"])
        return found

    async def numbers(self, count: int) -> list[int]:
        return [(await self.frame())["sequence_number"] for _ in range(count)]

    async def close_code(self) -> int:
        """Read on until the server closes."""
        while True:
            message = await self.next()
            if message["type"] == "websocket.close":
                return int(message["code"])

    async def is_silent(self) -> bool:
        """Whether nothing comes: the answer to a ping is the next thing."""
        self.say(type="ping")
        return bool((await self.frame())["event"] == "pong")

    async def next(self) -> dict[str, Any]:
        return await asyncio.wait_for(self._out.get(), WAIT_S)

    async def _send(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.accept" and self._reads_at_first:
            self.reads.set()
        elif message["type"] != "websocket.accept":
            self.is_waited_for = not self.reads.is_set()
            await self.reads.wait()
            self.frames += message["type"] == "websocket.send"
        self._out.put_nowait(message)
