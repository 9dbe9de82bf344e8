"""Whether an answer is one that the description of the API knows: status, headers, type and body.

Every request of the tests' client is asked so (tests/conftest.py): what the API does and what it
says of itself are compared wherever anything is tested.
"""

import json
import re
from functools import cache
from typing import Any

from django.utils.module_loading import import_string
from jsonschema_rs import Draft202012Validator

Operation = dict[str, Any]


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(import_string("services.api.openapi.document.as_json")())
    return found


def operation(method: str, route: str) -> Operation | None:
    """`route` as Django has it; None for what is no operation, as an unknown method."""
    path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route)
    found: Operation | None = document()["paths"].get(path, {}).get(method.lower())
    return found


def strange(answer: Any) -> str:
    """What the description does not know of this answer; nothing, where it knows all."""
    match = getattr(answer.wsgi_request, "resolver_match", None)
    known = match and operation(answer.wsgi_request.method, match.route)
    if not known:
        return ""
    status = str(answer.status_code)
    if status not in known["responses"]:
        return f"{known['operationId']} is not known to answer {status}: {answer.content!r}"
    said = resolved(known["responses"][status])
    return _headers(answer, said) or _body(answer, said)


def _headers(answer: Any, said: dict[str, Any]) -> str:
    headers = {name: resolved(header) for name, header in said.get("headers", {}).items()}
    lacking = [n for n, h in headers.items() if h.get("required") and n not in answer.headers]
    return f"without {', '.join(lacking)}" if lacking else ""


def _body(answer: Any, said: dict[str, Any]) -> str:
    content = said.get("content", {})
    if not content:
        return "a body where none should be" if answer.content else ""
    media_type = answer.headers["Content-Type"].partition(";")[0]
    if media_type not in content:
        return f"{media_type} is not one of {', '.join(content)}"
    if media_type != "application/json":
        return ""
    errors = validator(json.dumps(content[media_type]["schema"])).iter_errors(answer.json())
    return "; ".join(f"{'/'.join(map(str, e.instance_path))}: {e.message}" for e in errors)


@cache
def validator(schema: str) -> Draft202012Validator:
    """Of a schema as text, so that it can be found again."""
    whole = {"components": document()["components"], "allOf": [json.loads(schema)]}
    return Draft202012Validator(whole, validate_formats=True)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in part:
        return part
    found: Any = document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)
