"""Small checks of JSON values, to be put together to tables: pure, and strict about types.

A check takes a value and returns it in its normal form, or raises `ComplaintError`. A complaint
about the shape (unknown field, wrong JSON type, missing) becomes a 400, any other a 422. It also
says in JSON Schema what it takes, for the description of the API.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from services.errors import BadRequestError, InvalidError

Schema = dict[str, Any]
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """`schema` may take more than `run` does: rules over a whole value are not in it."""

    run: Callable[[Any], Any]
    schema: Schema

    def __call__(self, value: Any) -> Any:
        return self.run(value)


def takes(schema: Schema) -> Callable[[Callable[[Any], Any]], Check]:
    """Makes a check of a function."""
    return lambda run: Check(run, schema)


class ComplaintError(Exception):
    """What is wrong with one value. `is_shape`: it is not even of the kind that was asked for."""

    def __init__(self, message: str, *, is_shape: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_shape = is_shape


def read(
    data: Any,
    table: Mapping[str, Check],
    *,
    required: Collection[str] = (),
    ignored: Collection[str] = (),
    message: str = "The request cannot be accepted",
) -> dict[str, Any]:
    """The fields of `data`, each checked by `table`; raises one error with all complaints."""
    if not isinstance(data, dict):
        raise BadRequestError("The body must be a JSON object")
    shape = {name: ["is required"] for name in required if name not in data}
    wrong: dict[str, list[str]] = {}
    fields: dict[str, Any] = {}
    for name in data.keys() - set(ignored):
        try:
            fields[name] = _known(name, table)(data[name])
        except ComplaintError as exc:
            (shape if exc.is_shape else wrong)[name] = [exc.message]
    if shape:
        raise BadRequestError("Invalid request parameters", details=shape)
    if wrong:
        raise InvalidError(message, details=wrong)
    return fields


def or_null(schema: Schema) -> Schema:
    """A plain type is written the short way."""
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema:
        return {**schema, "type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def named(name: str, inner: Check) -> Check:
    """`inner`, with a name of its own in the description of the API."""
    return Check(inner.run, {"title": name, **inner.schema})


def text(*, most: int = 4096, pattern: str = "", rule: str = "", least: int = 0) -> Check:
    """A string; `pattern` must match all of it, and `rule` says so in words."""
    compiled = re.compile(pattern or r"[^\x00]*", re.DOTALL)

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ComplaintError("must be a string", is_shape=True)
        if len(value) > most:
            msg = f"must have at most {most} characters"
            raise ComplaintError(msg)
        if len(value) < least:
            raise ComplaintError("must not be empty")
        if not compiled.fullmatch(value):
            raise ComplaintError(rule or "must not hold a NUL character")
        return value

    schema = {"type": "string", "maxLength": most, "pattern": f"^(?:{compiled.pattern})$"}
    return Check(check, schema | ({"minLength": least} if least else {}))


def whole(low: int, high: int) -> Check:
    """3.0 is 3, as JSON has one kind of numbers only."""

    def check(value: Any) -> int:
        is_whole = value.is_integer() if isinstance(value, float) else isinstance(value, int)
        if not is_whole or isinstance(value, bool):
            raise ComplaintError("must be a whole number", is_shape=True)
        return int(_within(value, low, high))

    return Check(check, {"type": "integer", "minimum": low, "maximum": high})


def number(low: float, high: float) -> Check:
    def check(value: Any) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise ComplaintError("must be a number", is_shape=True)
        return _within(value, low, high)

    return Check(check, {"type": "number", "minimum": low, "maximum": high})


@takes({"type": "boolean"})
def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ComplaintError("must be true or false", is_shape=True)
    return value


def choice(words: Collection[str]) -> Check:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise ComplaintError("must be a string", is_shape=True)
        if value not in words:
            msg = f"must be one of {', '.join(words)}"
            raise ComplaintError(msg)
        return value

    return Check(check, {"type": "string", "enum": list(words)})


def optional(inner: Check) -> Check:
    """null, or what `inner` accepts."""

    def check(value: Any) -> Any:
        return None if value is None else inner(value)

    return Check(check, or_null(inner.schema))


def list_of(inner: Check, *, most: int, least: int = 0) -> Check:
    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ComplaintError("must be a list", is_shape=True)
        if not least <= len(value) <= most:
            msg = f"must have {least} to {most} entries"
            raise ComplaintError(msg)
        return [_inside(str(at), inner, item) for at, item in enumerate(value)]

    schema = {"type": "array", "items": inner.schema, "minItems": least, "maxItems": most}
    return Check(check, schema)


def map_of(key: Check, inner: Check, *, most: int) -> Check:
    """An object whose names are data; both name and value are checked."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ComplaintError("must be an object", is_shape=True)
        if len(value) > most:
            msg = f"must have at most {most} entries"
            raise ComplaintError(msg)
        return {_inside(name, key, name): _inside(name, inner, v) for name, v in value.items()}

    names, values = {"propertyNames": key.schema}, {"additionalProperties": inner.schema}
    return Check(check, {"type": "object", "maxProperties": most, **names, **values})


def record(table: Mapping[str, Check], *, ignored: Collection[str] = ()) -> Check:
    """An object whose names are known; an unknown one is a mistake worth telling."""

    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ComplaintError("must be an object", is_shape=True)
        return {
            name: _inside(name, _known(name, table), item)
            for name, item in value.items()
            if name not in ignored
        }

    return Check(check, object_schema(table, ignored=ignored))


def object_schema(
    table: Mapping[str, Check], *, required: Collection[str] = (), ignored: Collection[str] = ()
) -> Schema:
    """What `read` takes; ignored fields are those that only an answer needs."""
    fields = {name: check.schema for name, check in table.items()}
    unread: Schema = {name: {"readOnly": True} for name in sorted(ignored)}
    schema = {"type": "object", "properties": fields | unread, "additionalProperties": False}
    return schema | ({"required": sorted(required)} if required else {})


def also(inner: Check, rule: Callable[[Any], str]) -> Check:
    """`inner`, and then a rule over the whole value; the rule returns its complaint or ""."""

    def check(value: Any) -> Any:
        checked = inner(value)
        if complaint := rule(checked):
            raise ComplaintError(complaint)
        return checked

    return Check(check, inner.schema)


def _known(name: str, table: Mapping[str, Check]) -> Check:
    if name not in table:
        msg = f"is not a known field; known are {', '.join(table)}"
        raise ComplaintError(msg, is_shape=True)
    return table[name]


def _inside(name: str, check: Check, value: Any) -> Any:
    try:
        return check(value)
    except ComplaintError as exc:
        msg = f"{name[:80]}: {exc.message}"
        raise ComplaintError(msg, is_shape=exc.is_shape) from exc


def _within(value: Number, low: Number, high: Number) -> Number:
    if not low <= value <= high:
        msg = f"must be between {low} and {high}"
        raise ComplaintError(msg)
    return value
