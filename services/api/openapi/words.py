"""A JSON Schema in words, for people: one row per field."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.models.checks import Schema

MOST_DEPTH = 4
BOUNDS = (
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("maxLength", "at most {} characters"),
    ("maxItems", "at most {} entries"),
    ("maxProperties", "at most {} entries"),
)


@dataclass(frozen=True, slots=True)
class Field:
    """`kind` says what it is; `links` are the named types in it."""

    name: str
    kind: str
    about: str
    is_required: bool
    links: tuple[str, ...] = ()


def fields(schema: Schema, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    """Of an object and the objects in it; what only comes back in answers is left out."""
    required = schema.get("required", ())
    for name, inner in schema.get("properties", {}).items():
        if not inner.get("readOnly"):
            yield from _field(f"{prefix}{name}", inner, depth, is_required=name in required)


def _field(name: str, schema: Schema, depth: int, *, is_required: bool) -> Iterator[Field]:
    about = schema.get("description", "")
    yield Field(name, kind_of(schema), about, is_required, tuple(_links(schema)))
    if depth < MOST_DEPTH:
        yield from fields(schema, f"{name}.", depth + 1)
        values = schema.get("additionalProperties")
        if isinstance(values, dict):
            yield from fields(values, f"{name}.*.", depth + 1)


def kind_of(schema: Schema) -> str:
    if "$ref" in schema:
        return _named(schema)
    if "anyOf" in schema:
        return " or ".join(kind_of(one) for one in schema["anyOf"])
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    kind = schema.get("type", "anything")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return ", ".join([words + _of_what(schema), *_bounds(schema)])


def _of_what(schema: Schema) -> str:
    if "format" in schema:
        return f" ({schema['format']})"
    values = schema.get("items") or schema.get("additionalProperties")
    if not isinstance(values, dict) or "properties" in values:
        return ""
    return f" of {kind_of(values)}"


def _bounds(schema: Schema) -> Iterator[str]:
    for name, text in BOUNDS:
        if name in schema:
            yield text.format(schema[name])
    if "default" in schema:
        yield f"if not said {schema['default']}"


def _links(schema: Schema) -> Iterator[str]:
    if "$ref" in schema:
        yield _named(schema)
    for one in schema.get("anyOf", ()):
        yield from _links(one)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            yield from _links(schema[name])


def _named(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
