"""The types of the JavaScript SDK, written from the API's own description.

`python -m tests.sdk_javascript.typescript` writes sdk/javascript/src/schemas.ts anew.
"""

import json
import sys
from typing import Any

from tests.repository import ROOT

PLACE = ROOT / "sdk" / "javascript" / "src" / "schemas.ts"
HEAD = "// Written by tests/sdk_javascript/typescript.py from the API's description; not by hand.\n"
METHODS = ("get", "post", "put", "patch", "delete")
SIMPLE = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean"}
WIDTH = 100

Schema = dict[str, Any]


def operations(document: Schema) -> dict[str, tuple[str, str, Schema]]:
    """Each operation's method, path below the base address, and description, by its id."""
    return {
        operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    }


def declarations(document: Schema) -> str:
    """The whole file: every schema, and of each operation its query and its body."""
    schemas = document["components"]["schemas"]
    parts = [declared(name, schema) for name, schema in sorted(schemas.items())]
    for name, (_, _, operation) in sorted(operations(document).items()):
        title = name[0].upper() + name[1:]
        if query := _query(operation):
            parts.append(declared(f"{title}Query", query))
        if body := _body(operation):
            parts.append(declared(f"{title}Body", body))
    return HEAD + "".join(parts)


def declared(name: str, schema: Schema) -> str:
    if not schema.get("properties"):
        return f"\nexport type {name} = {_type(schema, '')};\n"
    return f"\nexport interface {name} {_members(schema, '')}\n"


def _query(operation: Schema) -> Schema:
    asked = [one for one in operation.get("parameters", []) if one.get("in") == "query"]
    return (
        {
            "properties": {
                one["name"]: {"description": one.get("description", ""), **one["schema"]}
                for one in asked
            },
            "required": [one["name"] for one in asked if one.get("required")],
        }
        if asked
        else {}
    )


def _body(operation: Schema) -> Schema:
    content = operation.get("requestBody", {}).get("content", {})
    found: Schema = content.get("application/json", {}).get("schema", {})
    return found if found.get("properties") else {}


def _type(schema: Schema, indent: str) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for joined in ("anyOf", "oneOf"):
        if joined in schema:
            return " | ".join(dict.fromkeys(_type(one, indent) for one in schema[joined]))
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " | ".join(_simple(kind, schema, indent) for kind in kinds) or "unknown"


def _simple(kind: str, schema: Schema, indent: str) -> str:
    if kind == "array":
        inner = _type(schema.get("items", {}), indent)
        return f"Array<{inner}>" if " " in inner else f"{inner}[]"
    if kind != "object":
        return SIMPLE.get(kind, kind)
    if schema.get("properties"):
        return _members(schema, indent)
    more = schema.get("additionalProperties")
    if more is False:
        return "Record<string, never>"
    return f"Record<string, {_type(more, indent) if isinstance(more, dict) else 'unknown'}>"


def _members(schema: Schema, indent: str) -> str:
    required, inner = schema.get("required", []), indent + "  "
    lines = ["{"]
    for name, member in schema["properties"].items():
        if member == {"readOnly": True}:  # sent back it is read over, so nobody need write it
            continue
        if about := member.get("description"):
            lines.append(f"{inner}/** {about} */")
        optional = "" if name in required else "?"
        lines.append(f"{inner}{_key(name)}{optional}: {_type(member, inner)};")
    return "\n".join([*lines, f"{indent}}}"])


def _key(name: str) -> str:
    return name if name.isidentifier() else json.dumps(name)


def document() -> Schema:
    from django.test import Client  # noqa: PLC0415 - Django must be set up before

    found: Schema = Client().get("/api/v1/openapi.json").json()
    return found


def main() -> None:
    import django  # noqa: PLC0415 - after the settings of tests

    import tests.environment  # noqa: F401, PLC0415 - so that there are settings

    django.setup()
    PLACE.write_text(declarations(document()), encoding="utf-8")
    sys.stdout.write(f"{PLACE.relative_to(ROOT)} is written\n")


if __name__ == "__main__":
    main()
