"""/api/docs: the document as a page, without a script and with nothing from elsewhere."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from services.api.openapi.document import as_json
from services.api.openapi.words import Field, fields, kind_of
from services.models.checks import Schema

JSON = "application/json"
IN_PATH = re.compile(r"{(\w+)}")


def coded(text: str) -> SafeString:
    """What stands in backticks, as code."""
    parts = enumerate(text.split("`"))
    return format_html_join("", "{}", ((_code(part) if n % 2 else part,) for n, part in parts))


def _code(text: str) -> SafeString:
    return format_html("<code>{}</code>", text)


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    about: SafeString
    kinds: tuple[str, ...]
    fields: tuple[Field, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Shown:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: SafeString
    about: SafeString
    parameters: tuple[tuple[str, Field], ...]  # each with where it stands: path, query, header
    body: tuple[Field, ...]
    body_kinds: tuple[str, ...]
    answers: tuple[Answer, ...]
    command: str


@cache
def page() -> bytes:
    whole = json.loads(as_json())
    chapters: dict[str, list[Shown]] = defaultdict(list)
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            chapters[operation["tags"][0]].append(_shown(whole, method, path, operation))
    context = {
        "info": whole["info"],
        "chapters": [(tag, chapters[tag["name"]]) for tag in whole["tags"]],
        "types": _types(whole),
    }
    return render_to_string("api/docs.html", context).encode()


def _types(whole: Schema) -> Iterator[tuple[str, SafeString, tuple[Field, ...]]]:
    for name, schema in sorted(whole["components"]["schemas"].items()):
        yield name, coded(schema.get("description", "")), rows(schema)


def _shown(whole: Schema, method: str, path: str, operation: Schema) -> Shown:
    body = operation.get("requestBody", {}).get("content", {})
    return Shown(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=coded(operation["summary"]),
        about=coded(operation.get("description", "")),
        parameters=tuple(_parameter(_there(whole, row)) for row in operation.get("parameters", ())),
        body=rows(body.get(JSON, {}).get("schema", {})),
        body_kinds=tuple(body),
        answers=tuple(
            _answer(status, _there(whole, row)) for status, row in operation["responses"].items()
        ),
        command=_command(whole, method, path, operation),
    )


def rows(schema: Schema) -> tuple[Field, ...]:
    return tuple(replace(field, about=coded(field.about)) for field in fields(schema))


def _there(whole: Schema, part: Schema) -> Schema:
    """What a reference stands for."""
    found: Any = whole
    for name in part.get("$ref", "").removeprefix("#/").split("/"):
        found = found[name] if name else part
    return dict(found)


def _parameter(row: Schema) -> tuple[str, Field]:
    about, is_required = coded(row.get("description", "")), row.get("required", False)
    return row["in"], Field(row["name"], kind_of(row["schema"]), about, is_required)


def _answer(status: str, row: Schema) -> Answer:
    content = row.get("content", {})
    said = content.get(JSON, {})
    shown = json.dumps(said["example"], indent=2) if "example" in said else ""
    found = rows(said.get("schema", {})) if status < "300" else ()
    return Answer(status, coded(row["description"]), tuple(content), found, shown)


def _command(whole: Schema, method: str, path: str, operation: Schema) -> str:
    """The same as a line for a shell; what is in capitals is to be put in."""
    url = IN_PATH.sub(lambda found: f"${found[1].removesuffix('_id').upper()}", path)
    words = [f'curl -X {method.upper()} "$URL{url}"']
    if {"apiKey": []} in operation.get("security", ()):
        words.append('-H "X-API-Key: $TOKEN"')
    if {"$ref": "#/components/parameters/TeamHeader"} in operation.get("parameters", ()):
        words.append('-H "X-Team-ID: $TEAM"')
    body = operation.get("requestBody", {}).get("content", {})
    if JSON in body:
        example = json.dumps(body[JSON].get("example", {}))
        words += [f'-H "Content-Type: {JSON}"', f"-d '{example}'"]
    elif body:
        words += [f'-H "Content-Type: {next(iter(body))}"', "-T archive.tar.gz"]
    return " \\\n  ".join(words)
