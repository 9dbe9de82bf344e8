"""Both clients behind one face, so that a test says once what is true of either."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from typing import Any

from kyozo_sdk import AsyncKyozoAPI, KyozoAPI

WAIT_S = 30.0
Api = Any  # a client of either kind


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    def call(self, work: Callable[[], Any]) -> Any:
        if threading.current_thread() is self._thread:
            return work()

        async def there() -> Any:
            return work()

        return self.run(there())

    def close(self) -> None:
        self.run(_others_end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()


async def _others_end() -> None:
    """What was told to end is still closing its connections."""
    if others := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(others, timeout=WAIT_S)


class Blocking:
    """An asynchronous client, or a part of it, as if it were the other one."""

    def __init__(self, inner: Any, loop: Loop) -> None:
        self._inner = inner
        self._loop = loop

    def __repr__(self) -> str:
        return repr(self._inner)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if callable(found):
            return lambda *args, **kwargs: self._answer(found, args, kwargs)
        return Blocking(found, self._loop) if hasattr(found, "session") else found

    def _answer(self, method: Any, args: Any, kwargs: Any) -> Any:
        result = self._loop.call(lambda: method(*args, **kwargs))
        if isinstance(result, Coroutine):
            result = self._loop.run(result)
        if isinstance(result, AsyncGenerator):
            return _rows(result, self._loop)
        if hasattr(result, "stopping"):
            return Blocking(result, self._loop)
        return result

    def close(self) -> None:
        self._loop.run(self._inner.aclose())


def _rows(rows: AsyncGenerator[Any, None], loop: Loop) -> Iterator[Any]:
    async def following() -> Any:
        return await anext(rows, StopIteration)

    try:
        while (row := loop.run(following())) is not StopIteration:
            yield row
    finally:
        loop.run(rows.aclose())


def client(mode: str, loop: Loop, **options: Any) -> Api:
    if mode == "sync":
        return KyozoAPI(**options)

    def make() -> AsyncKyozoAPI:
        return AsyncKyozoAPI(**options)

    return Blocking(loop.call(make), loop)
