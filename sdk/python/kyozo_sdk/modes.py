"""One description of each call, for both clients.

Every method is written once, as a coroutine over an `Io`. The asynchronous client awaits it. The
one of threads drives it by hand: its `Io` blocks where the other one waits, so the coroutine never
suspends and is over after its first step.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

if TYPE_CHECKING:
    from kyozo_sdk.groups.group import Group


class Sync:
    """The mode of `KyozoAPI`: calls block."""


class Async:
    """The mode of `AsyncKyozoAPI`: calls are awaited."""


P = ParamSpec("P")
T = TypeVar("T")


def drive(work: Awaitable[T]) -> T:
    """Carry a coroutine out whose `Io` blocks. It must not wait for anything else."""
    try:
        work.__await__().send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    raise TypeError("an asynchronous callback was given to KyozoAPI: use AsyncKyozoAPI")


class Stream(Generic[T]):
    """An iterator that holds a connection: read it to its end, or `close` it, or use `with`."""

    def __init__(self, source: AsyncGenerator[T, None]) -> None:
        self._source = source

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        try:
            return drive(self._source.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        drive(self._source.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class operation(Generic[P, T]):  # noqa: N801 - read as a decorator
    """A method with one answer."""

    def __init__(self, work: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "Group[Sync]", owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(
        self, group: "Group[Async]", owner: type
    ) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, group: "Group[Any] | None", owner: type) -> Any:
        if group is None:
            return self
        work = self._work.__get__(group)
        return work if group.is_async else _blocking(work)


class stream(Generic[P, T]):  # noqa: N801 - read as a decorator
    """A method whose answers come one after the other."""

    def __init__(self, work: Callable[Concatenate[Any, P], AsyncGenerator[T, None]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "Group[Sync]", owner: type) -> Callable[P, Stream[T]]: ...
    @overload
    def __get__(
        self, group: "Group[Async]", owner: type
    ) -> Callable[P, AsyncGenerator[T, None]]: ...
    def __get__(self, group: "Group[Any] | None", owner: type) -> Any:
        if group is None:
            return self
        work = self._work.__get__(group)
        return work if group.is_async else _streaming(work)


def _blocking(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        return drive(work(*args, **kwargs))

    return call


def _streaming(work: Callable[P, AsyncGenerator[T, None]]) -> Callable[P, Stream[T]]:
    @wraps(work)
    def call(*args: P.args, **kwargs: P.kwargs) -> Stream[T]:
        return Stream(work(*args, **kwargs))

    return call
