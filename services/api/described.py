"""What a method of the API is called, takes and answers, said beside it for those who call it.

Facts and words only: `services.api.openapi` makes the document of them when somebody asks for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from services.api.body import Body
from services.api.query import Reader

MARK = "described"
ETAG, IF_MATCH = "ETag", "If-Match"

Method = TypeVar("Method", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Described:
    """A decorator. `answer` is the type of the body, None where there is none; `refuses` has the
    codes of errors beyond those that any such request can get, by their status."""

    id: str
    summary: str
    about: str = ""
    answer: Any = None
    status: int = 200
    query: Mapping[str, Reader] = field(default_factory=dict)
    needs: tuple[str, ...] = ()  # of the query
    body: Body | None = None
    refuses: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    headers: tuple[str, ...] = ()
    streams: Mapping[str, Any] = field(default_factory=dict)  # by media type, of each line
    others: Mapping[int, Any] = field(default_factory=dict)  # answers with other statuses

    def __call__(self, method: Method) -> Method:
        setattr(method, MARK, self)
        return method


def description_of(view: type, method: str) -> Described | None:
    found = getattr(getattr(view, method.lower(), None), MARK, None)
    return found if isinstance(found, Described) else None
