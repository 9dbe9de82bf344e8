"""What answers are made of: their types are checked by mypy, and described to the API's readers.

`services.api.openapi.shapes` reads these types. In `Annotated` a text is a description, `Says` adds
to the JSON Schema, and a check or another type stands for the whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NotRequired, TypedDict, TypeVar

T = TypeVar("T")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Says:
    schema: dict[str, Any]


def words(known: Iterable[str]) -> Says:
    return Says({"enum": list(known)})


def such_as(example: str) -> Says:
    return Says({"examples": [example]})


Id = Annotated[str, Says({"format": "uuid"})]
Instant = Annotated[str, Says({"format": "date-time"})]
Url = Annotated[str, Says({"format": "uri"})]
Share = Annotated[float, Says({"minimum": 0, "maximum": 1})]
HEALTH = words(("healthy", "unhealthy", "unknown", "starting"))


class Data(TypedDict, Generic[T]):
    data: T


class NextJson(TypedDict):
    next: Annotated[str | None, "Send it as `after`; null on the last page."]


class PageOf(TypedDict, Generic[T]):
    data: list[T]
    meta: NextJson


class ErrorJson(TypedDict):
    message: str
    code: Annotated[str, Says({"pattern": r"^[a-z_]+(\.[a-z_]+)?$"})]
    details: NotRequired[Annotated[dict[str, list[str]], "By field, its complaints."]]
    fix: NotRequired[Annotated[str, "What to do next."]]
    params: NotRequired[Annotated[Json, "Ids and figures."]]
    request_id: Annotated[str, "Also in X-Request-ID, and in the log."]
