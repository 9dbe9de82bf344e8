"""Lists: a page at a time, or all of it."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from kyozo_sdk.modes import Async, Stream, Sync, operation, stream
from kyozo_sdk.records import Answer, Record
from kyozo_sdk.request import Request, get, query
from kyozo_sdk.session import foreign

if TYPE_CHECKING:
    from kyozo_sdk.groups.group import Group

R = TypeVar("R", bound=Record)
P = ParamSpec("P")


class Page(list[R]):
    """A list with what comes with it. `next` is the `after` of the next page, None on the last."""

    def __init__(self, rows: Iterable[R], answer: Answer) -> None:
        super().__init__(rows)
        self.answer = answer

    @property
    def next(self) -> str | None:
        found = self.answer.meta.get("next")
        return None if found is None else str(found)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """What a list is of, and how it is narrowed and ordered."""

    kind: type[R]
    path: str
    asked: Mapping[str, object] = field(default_factory=dict)
    in_team: bool = True

    @property
    def request(self) -> Request:
        return replace(get(self.path), params=query(self.asked), in_team=self.in_team)

    def after(self, cursor: str) -> "Listing[R]":
        return replace(self, asked={**self.asked, "after": cursor})


class one_page(Generic[P, R]):  # noqa: N801 - read as a decorator
    """The method that answers a page of what the other one describes."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Listing[R]]) -> None:
        async def page(group: "Group[Any]", /, *args: P.args, **kwargs: P.kwargs) -> Page[R]:
            return await _fetched(group, describe(group, *args, **kwargs))

        self._method = operation(_described(page, describe))
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "Group[Sync]", owner: type) -> Callable[P, Page[R]]: ...
    @overload
    def __get__(
        self, group: "Group[Async]", owner: type
    ) -> Callable[P, Coroutine[Any, Any, Page[R]]]: ...
    def __get__(self, group: "Group[Any] | None", owner: type) -> Any:
        return self if group is None else self._method.__get__(group, owner)


class all_pages(Generic[P, R]):  # noqa: N801 - read as a decorator
    """The method that goes through all pages of it; `limit` is the size of each."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Listing[R]]) -> None:
        async def rows(
            group: "Group[Any]", /, *args: P.args, **kwargs: P.kwargs
        ) -> AsyncGenerator[R, None]:
            listing = describe(group, *args, **kwargs)
            while True:
                page = await _fetched(group, listing)
                for row in page:
                    yield row
                if page.next is None:
                    return
                listing = listing.after(page.next)

        self._method = stream(_described(rows, describe))
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "Group[Sync]", owner: type) -> Callable[P, Stream[R]]: ...
    @overload
    def __get__(
        self, group: "Group[Async]", owner: type
    ) -> Callable[P, AsyncGenerator[R, None]]: ...
    def __get__(self, group: "Group[Any] | None", owner: type) -> Any:
        return self if group is None else self._method.__get__(group, owner)


async def _fetched(group: "Group[Any]", listing: Listing[R]) -> Page[R]:
    found = await group.session.ask(listing.request)
    rows = found.data
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise foreign(200)
    return Page([listing.kind(row, found.answer) for row in rows], found.answer)


F = TypeVar("F", bound=Callable[..., Any])


def _described(made: F, describe: Callable[..., Any]) -> F:
    """So that `help` shows the arguments of the description."""
    made.__doc__ = describe.__doc__
    vars(made)["__wrapped__"] = describe
    return made
