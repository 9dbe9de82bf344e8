"""JSON Schema of the types that answers are made of; named types become components."""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)
from uuid import UUID

from services.api.answers import Says
from services.models.checks import Check, Schema, or_null

PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    NoneType: {"type": "null"},
    UUID: {"type": "string", "format": "uuid"},
    Any: {},
    object: {},
    dict: {"type": "object"},
}
Register = Callable[[type, str, Callable[[], Schema]], Schema]


class Shapes:
    """`register` keeps a named type's schema, made when it is new, and says how to refer to it."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def of(self, hint: Any, given: Mapping[Any, Any] | None = None) -> Schema:
        """`given` has the types that stand for the variables of a generic one."""
        hint = (given or {}).get(hint, hint)
        if hint in PLAIN:
            return dict(PLAIN[hint])
        if is_typeddict(hint) or is_dataclass(hint):
            return self._register(hint, name_of(hint), lambda: self._object(hint))
        origin, inner = get_origin(hint), get_args(hint)
        if is_typeddict(origin):
            return self._object(origin, dict(zip(_variables(origin), inner, strict=True)))
        return self._composed(origin, inner, given or {})

    def named(self, part: Any) -> Any:
        """A schema, or a part of one, with those in it that have names put aside."""
        if isinstance(part, list):
            return [self.named(one) for one in part]
        if not isinstance(part, dict):
            return part
        inner = {name: self.named(one) for name, one in part.items()}
        name = inner.get("title")
        if not isinstance(name, str):  # a field may be called so
            return inner
        return self._register(Check, name, lambda: inner)

    def _composed(self, origin: Any, inner: tuple[Any, ...], given: Mapping[Any, Any]) -> Schema:
        """A type made of others; KeyError is one that no answer has had yet."""
        if origin is Annotated:
            return self._annotated(inner, given)
        if origin is Literal:
            return {"type": "string", "enum": list(inner)}
        parts = [self.of(one, given) for one in inner if one is not ...]
        return COMPOSED[origin](parts)

    def _annotated(self, inner: tuple[Any, ...], given: Mapping[Any, Any]) -> Schema:
        schema = self.of(inner[0], given)
        for one in inner[1:]:
            if isinstance(one, Says):
                schema = {**schema, **one.schema}
            elif isinstance(one, Check):
                schema = self.named(one.schema)
            elif isinstance(one, str):
                schema = {**schema, "description": one}
            else:
                schema = self.of(one, given)
        return schema

    def _object(self, kind: type, given: Mapping[Any, Any] | None = None) -> Schema:
        hints = get_type_hints(kind, include_extras=True)
        properties = {_key(kind, name): self.of(hint, given) for name, hint in hints.items()}
        required = [_key(kind, name) for name in hints if _is_required(kind, name)]
        about = (kind.__doc__ or "").strip()
        is_said = about and not about.startswith((f"{kind.__name__}(", "dict("))
        return {
            "type": "object",
            **({"description": " ".join(about.split())} if is_said else {}),
            "properties": properties,
            **({"required": required} if required else {}),
        }


def name_of(kind: type) -> str:
    return kind.__name__.removesuffix("Json")


def _variables(kind: Any) -> tuple[TypeVar, ...]:
    found: tuple[TypeVar, ...] = kind.__parameters__
    return found


def _any_of(found: list[Schema]) -> Schema:
    """Of a type and null, or of several."""
    rest = [one for one in found if one != PLAIN[NoneType]]
    return or_null(rest[0]) if len(rest) == 1 else {"anyOf": found}


def _list(parts: list[Schema]) -> Schema:
    return {"type": "array", "items": parts[0]}


def _map(parts: list[Schema]) -> Schema:
    return {"type": "object"} | ({"additionalProperties": parts[1]} if parts[1] else {})


COMPOSED: dict[Any, Callable[[list[Schema]], Schema]] = {
    NotRequired: lambda parts: parts[0],
    Union: _any_of,
    UnionType: _any_of,
    list: _list,
    tuple: _list,
    dict: _map,
    Mapping: _map,
}


def _key(kind: type, name: str) -> str:
    """Detection's rows have some names that are words of Python."""
    said = [one.metadata for one in fields(kind) if one.name == name] if is_dataclass(kind) else []
    return str(said[0].get("json", name)) if said else name


def _is_required(kind: Any, name: str) -> bool:
    """A row made of a dataclass has all of its fields."""
    return name in kind.__required_keys__ if is_typeddict(kind) else is_dataclass(kind)
