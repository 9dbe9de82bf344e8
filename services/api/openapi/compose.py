"""An example of anything that a schema describes, put together from the examples of its parts."""

from collections.abc import Callable, Mapping
from typing import Any

from services.api.openapi.examples import AT, FIELDS, SERVICE, SIGN_IN
from services.models.checks import Schema

BY_FORMAT = {"uuid": SERVICE, "date-time": AT, "uri": SIGN_IN}
BY_TYPE: Mapping[str, Any] = {"string": "...", "integer": 1, "number": 1.0, "boolean": False}
Kept = Callable[[str], Schema]  # the schema of a component, by its name


def example_of(schema: Schema, kept: Kept) -> Any:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _object(kept(name), kept, FIELDS.get(name, {}))
    if "anyOf" in schema:  # one of our own types, or null
        refs = [one for one in schema["anyOf"] if "$ref" in one]
        return example_of(refs[0], kept) if refs else None
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, kept, {})
    if kind == "array":
        items = schema["items"]
        return [example_of(items, kept)] if "$ref" in items or "format" in items else []
    return _plain(schema)


def _object(schema: Schema, kept: Kept, known: Mapping[str, Any]) -> dict[str, Any]:
    names = [
        n for n in schema.get("properties", {}) if n in schema.get("required", ()) or n in known
    ]
    return {
        name: known[name] if name in known else example_of(schema["properties"][name], kept)
        for name in names
    }


def _plain(schema: Schema) -> Any:
    if found := schema.get("examples") or schema.get("enum"):
        return found[0]
    if "format" in schema and schema["type"] == "string":
        return BY_FORMAT[schema["format"]]
    return BY_TYPE.get(str(schema.get("type")))
