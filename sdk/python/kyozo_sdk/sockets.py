"""One WebSocket, by the library `websockets` where it is installed (`kyozo-sdk[live]`)."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

OPEN_S = 10
CLOSE_S = 2
MAX_FRAME = 4 * 1024 * 1024

# Of nobody's hierarchy: at its lowest level the library logs handshakes, and with them the token.
SILENT = logging.Logger("kyozo_sdk.socket", level=logging.CRITICAL)  # noqa: LOG001


@dataclass(frozen=True, slots=True)
class SocketAddress:
    url: str
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None
    uses_proxy: bool

    @property
    def options(self) -> dict[str, Any]:
        """Of both kinds of connection."""
        return {
            "additional_headers": self.headers,
            "ssl": self.tls,
            "proxy": True if self.uses_proxy else None,
            "open_timeout": OPEN_S,
            "close_timeout": CLOSE_S,
            "max_size": MAX_FRAME,
            "compression": None,
            "logger": SILENT,
        }


class SocketUnavailableError(Exception):
    """There is no such library, or no socket to be had here, for example behind some proxies."""


class SocketClosedError(Exception):
    """It was open and is no more; `code` is the platform's (docs/api.md), 1006 for a cut."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the socket was closed with {code}")
        self.code = code


class Socket(Protocol):
    async def receive(self, wait_s: float) -> str | None:
        """A message; None when none came in time."""
        ...

    async def say(self, text: str) -> None: ...
    async def close(self) -> None: ...


class SyncSocket:
    def __init__(self, connection: Any, opened: ExitStack) -> None:
        self._connection = connection
        self._opened = opened

    @classmethod
    def open(cls, address: SocketAddress) -> Self:
        with _refusals():
            from websockets.sync.client import reconnect  # noqa: PLC0415 - an optional extra

            class Connect(reconnect):
                def process_redirect(self, exc: Exception) -> Exception:
                    """Not followed: the token would go along, to whatever host."""
                    return exc

            opened = ExitStack()
            return cls(opened.enter_context(Connect(address.url, **address.options)), opened)

    async def receive(self, wait_s: float) -> str | None:
        with _losses():
            try:
                return _text(self._connection.recv(timeout=wait_s))
            except TimeoutError:
                return None

    async def say(self, text: str) -> None:
        with _losses():
            self._connection.send(text)

    async def close(self) -> None:
        self._opened.close()


class AsyncSocket:
    def __init__(self, connection: Any, opened: AsyncExitStack) -> None:
        self._connection = connection
        self._opened = opened

    @classmethod
    async def open(cls, address: SocketAddress) -> Self:
        with _refusals():
            from websockets.asyncio.client import connect  # noqa: PLC0415 - an optional extra

            class Connect(connect):
                def process_redirect(self, exc: Exception) -> Exception:
                    """Not followed: the token would go along, to whatever host."""
                    return exc

            opened = AsyncExitStack()
            connection = await opened.enter_async_context(Connect(address.url, **address.options))
            return cls(connection, opened)

    async def receive(self, wait_s: float) -> str | None:
        import asyncio  # noqa: PLC0415 - not for who blocks

        with _losses():
            try:
                async with asyncio.timeout(wait_s):
                    return _text(await self._connection.recv())
            except TimeoutError:
                return None

    async def say(self, text: str) -> None:
        with _losses():
            await self._connection.send(text)

    async def close(self) -> None:
        await self._opened.aclose()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 - an optional extra
    except ImportError as exc:
        raise SocketUnavailableError("the library websockets is not installed") from exc
    try:
        yield
    except (OSError, WebSocketException, ValueError) as exc:
        raise SocketUnavailableError(type(exc).__name__) from None


@contextmanager
def _losses() -> Iterator[None]:
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415 - an optional extra

    try:
        yield
    except ConnectionClosed as exc:
        raise SocketClosedError(exc.rcvd.code if exc.rcvd else 1006) from None
    except OSError:
        raise SocketClosedError(1006) from None


def _text(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode(errors="replace")
