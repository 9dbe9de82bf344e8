"""The two ways to wait: blocking, and on an event loop. Everything else is written once."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, BinaryIO, Protocol, TypeVar

import httpx

from kyozo_sdk.modes import drive
from kyozo_sdk.sockets import AsyncSocket, Socket, SocketAddress, SyncSocket

CHUNK = 64 * 1024
STOP_S = 5.0
T = TypeVar("T")


class Task(Protocol):
    """Something that runs beside the caller until it ends or `stop` is called."""

    def stop(self) -> None: ...
    async def ended(self) -> None: ...
    @property
    def is_active(self) -> bool: ...


class Io(Protocol):
    is_async: bool

    def build(self, method: str, url: str, **options: Any) -> httpx.Request: ...
    def body(self, file: BinaryIO) -> Any: ...
    async def send(self, request: httpx.Request, *, stream: bool) -> httpx.Response: ...
    def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]: ...
    async def release(self, response: httpx.Response) -> None: ...
    async def sleep(self, seconds: float) -> None: ...
    async def run(self, work: Callable[[], T]) -> T: ...
    async def call(self, callback: Callable[..., object], *arguments: object) -> None: ...
    async def connect(self, address: SocketAddress) -> Socket: ...
    def begin(self, work: Coroutine[Any, Any, None]) -> Task: ...
    async def close(self) -> None: ...


class BlockingIo:
    """For `KyozoAPI`: its coroutines never suspend (see `modes.drive`)."""

    is_async = False

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def build(self, method: str, url: str, **options: Any) -> httpx.Request:
        return self._client.build_request(method, url, **options)

    def body(self, file: BinaryIO) -> Any:
        return iter(lambda: file.read(CHUNK), b"")

    async def send(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        return self._client.send(request, stream=stream)

    async def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        for chunk in response.iter_bytes():
            yield chunk

    async def release(self, response: httpx.Response) -> None:
        response.close()

    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - there is no loop to hold up

    async def run(self, work: Callable[[], T]) -> T:
        return work()

    async def call(self, callback: Callable[..., object], *arguments: object) -> None:
        result = callback(*arguments)
        if isinstance(result, Coroutine):
            result.close()
            raise TypeError("an asynchronous callback was given to KyozoAPI: use AsyncKyozoAPI")

    async def connect(self, address: SocketAddress) -> Socket:
        return SyncSocket.open(address)

    def begin(self, work: Coroutine[Any, Any, None]) -> Task:
        return _Thread(work)

    async def close(self) -> None:
        self._client.close()


class LoopIo:
    """For `AsyncKyozoAPI`, on asyncio."""

    is_async = True

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    def build(self, method: str, url: str, **options: Any) -> httpx.Request:
        return self._client.build_request(method, url, **options)

    async def body(self, file: BinaryIO) -> AsyncIterator[bytes]:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk

    async def send(self, request: httpx.Request, *, stream: bool) -> httpx.Response:
        return await self._client.send(request, stream=stream)

    async def chunks(self, response: httpx.Response) -> AsyncIterator[bytes]:
        async for chunk in response.aiter_bytes():
            yield chunk

    async def release(self, response: httpx.Response) -> None:
        await response.aclose()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    async def call(self, callback: Callable[..., object], *arguments: object) -> None:
        result = callback(*arguments)
        if isinstance(result, Awaitable):
            await result

    async def connect(self, address: SocketAddress) -> Socket:
        return await AsyncSocket.open(address)

    def begin(self, work: Coroutine[Any, Any, None]) -> Task:
        return _LoopTask(work)

    async def close(self) -> None:
        await self._client.aclose()


class _Thread:
    """The work ends by itself soon after it was told to; a thread cannot be made to."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._thread = threading.Thread(
            target=drive, args=(work,), name="kyozo-sdk-watch", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        if threading.current_thread() is not self._thread:
            self._thread.join(STOP_S)

    async def ended(self) -> None:
        """`stop` has waited."""

    @property
    def is_active(self) -> bool:
        return self._thread.is_alive()


class _LoopTask:
    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    def stop(self) -> None:
        with suppress(RuntimeError):  # the loop is over, and the task with it
            self._task.cancel()

    async def ended(self) -> None:
        if self._task is not asyncio.current_task():
            await asyncio.wait({self._task}, timeout=STOP_S)

    @property
    def is_active(self) -> bool:
        return not self._task.done()
