"""Answers as objects: typed attributes, and whatever else the platform sent under its own name."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    NoReturn,
    Self,
    get_args,
    get_origin,
    get_type_hints,
)

SHOWN = ("id", "name", "number", "kind", "status", "state", "role", "code")
NOT_FIELDS = {"raw", "answer", "_kinds"}
NAMES = {"from_": "from"}  # attributes whose name in the answer is a word of Python


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What is left of the hour: of the team, or of the address where nobody is signed in."""

    limit: int
    remaining: int
    reset_at: int  # Unix time


@dataclass(frozen=True, slots=True)
class Answer:
    """What came with the data. `is_replayed`: the platform had done this before and did nothing."""

    meta: Mapping[str, Any] = field(default_factory=dict)
    request_id: str = ""
    etag: str = ""
    is_replayed: bool = False
    rate_limit: RateLimit | None = None


class Record:
    """One object of an answer. It cannot be changed; `raw` is the JSON as it came.

    A field that the platform did not send is None. A field that this class does not know is there
    by its name all the same, as an attribute and as `record["name"]`.
    """

    raw: Mapping[str, Any]
    answer: Answer
    _kinds: ClassVar[dict[str, Any]]

    def __init_subclass__(cls) -> None:
        hints = get_type_hints(cls)
        cls._kinds = {name: hints[name] for name in hints if name not in NOT_FIELDS}

    def __init__(self, raw: Mapping[str, Any], answer: Answer | None = None) -> None:
        fields = {
            name: _converted(raw.get(NAMES.get(name, name)), kind)
            for name, kind in self._kinds.items()
        }
        vars(self).update(fields, raw=dict(raw), answer=answer or Answer())

    def __getitem__(self, name: str) -> Any:
        return self.raw[name]

    def __contains__(self, name: object) -> bool:
        return name in self.raw

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Record) and type(other) is type(self) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash((type(self), str(self.raw.get("id"))))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} cannot be changed")

    def __repr__(self) -> str:
        """Short, and without anything that may be secret: variables, new tokens, links."""
        shown = [f"{name}={self.raw[name]!r}" for name in SHOWN if name in self.raw]
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[type[Self], tuple[Mapping[str, Any], Answer]]:
        return type(self), (self.raw, self.answer)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raw = vars(self).get("raw", {})
            if name in raw:
                return raw[name]
            raise AttributeError(f"{type(self).__name__} has no {name!r}")


def plain(value: object) -> Any:
    """A value as JSON can hold it: records become what they were made from."""
    if isinstance(value, Record):
        return plain(value.raw)
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return value


def _converted(value: Any, kind: Any) -> Any:
    """As annotated where the value has that shape, else as it came: a newer platform may differ."""
    if get_origin(kind) is UnionType:
        kind = next((part for part in get_args(kind) if part is not type(None)), None)
    if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, Record):
        return kind(value) if isinstance(value, dict) else value
    if get_origin(kind) is list and isinstance(value, list):
        return [_converted(inner, get_args(kind)[0]) for inner in value]
    if get_origin(kind) is dict and isinstance(value, dict):
        return {name: _converted(inner, get_args(kind)[1]) for name, inner in value.items()}
    return value
