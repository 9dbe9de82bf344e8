"""What every group of calls can do."""

from typing import Any, Generic, TypeVar

from kyozo_sdk.records import Record
from kyozo_sdk.request import Request
from kyozo_sdk.session import Session, foreign

M = TypeVar("M")
R = TypeVar("R", bound=Record)


class Group(Generic[M]):
    """Calls of one kind; `M` says whether they block or are awaited."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.session.place.shown})"

    @property
    def is_async(self) -> bool:
        return self.session.io.is_async


async def one(group: Group[Any], kind: type[R], request: Request) -> R:
    found = await group.session.ask(request)
    if not isinstance(found.data, dict):
        raise foreign(200)
    return kind(found.data, found.answer)


async def done(group: Group[Any], request: Request) -> None:
    await group.session.ask(request)
