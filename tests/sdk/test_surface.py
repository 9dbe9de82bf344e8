"""Each operation of the API has a method, which sends what the operation takes and nothing else."""

import inspect
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from kyozo_sdk import ForeignAnswerError, KyozoAPI, models
from kyozo_sdk.groups.group import Group
from kyozo_sdk.records import NAMES, Record
from kyozo_sdk.transports import BlockingIo
from tests.knowing import document, resolved

ID = "11111111-2222-3333-4444-555555555555"
TEAM = "99999999-2222-3333-4444-555555555555"
# What is made of others: no operation of its own.
COMPOSED = {"on_status_change", "wait_for", "follow", "follow_log", "iterate", "openapi"}
COMPOSED |= {"iterate_files", "iterate_services"}
ARGUMENTS: dict[str, Any] = {
    "overrides": {"port": 1},
    "only": ["web"],
    "variables": {"A": "b"},
    "settings": {"name": "x"},
    "secret_variables": ["A"],
}
# Refused with others or only there for other calls: `follow` is `logs.follow`; an upload's name.
NOT_SENT = {"getServiceLogs": {"follow"}, "listWorkspaceServices": {"workspace_id"}}
NESTED = {"service", "workspace"}


@dataclass
class Seen:
    """The one request of a call, and how the call is written."""

    name: str
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json={"data": {}})


def groups() -> Iterator[tuple[str, Group[Any]]]:
    with KyozoAPI("token", TEAM, "http://127.0.0.1:1/api/v1") as api:
        yield from ((n, v) for n, v in vars(api).items() if isinstance(v, Group))


def methods() -> list[str]:
    return [
        f"{group}.{name}"
        for group, made in groups()
        for name in dir(type(made))
        if not name.startswith("_") and name not in {"is_async", "session"}
    ]


def called(path: str) -> httpx.Request:
    """What a method sends when all it takes is given."""
    seen = Seen(path)
    with KyozoAPI("token", TEAM, "http://127.0.0.1:1/api/v1") as api:
        api._session.io = BlockingIo(httpx.Client(transport=httpx.MockTransport(seen)))
        group, _, name = path.partition(".")
        method = getattr(getattr(api, group), name)
        given = {p.name: argument(p) for p in inspect.signature(method).parameters.values()}
        given.pop("self", None)
        with suppress(ForeignAnswerError):  # a list is no `{}`; what was sent is looked at
            method(**given)
    return seen.requests[0]


def argument(parameter: inspect.Parameter) -> Any:
    if parameter.name in ARGUMENTS:
        return ARGUMENTS[parameter.name]
    if "BinaryIO" in str(parameter.annotation):
        return b"PK"
    if "Mapping" in str(parameter.annotation):
        return {"name": "x"}
    if "bool" in str(parameter.annotation):
        return True
    return 3 if re.search(r"\bint\b(?! \| kyozo)", str(parameter.annotation)) else ID


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    return {
        found["operationId"]: (method.upper(), path, found)
        for path, of_path in document()["paths"].items()
        for method, found in of_path.items()
        if method in {"get", "post", "put", "patch", "delete"}
    }


def operation_of(request: httpx.Request) -> str:
    for name, (method, path, _) in operations().items():
        if method == request.method and re.fullmatch(
            re.sub(r"\{\w+\}", "[^/]+", path), request.url.path
        ):
            # `/workspaces/archive` is no workspace.
            if "{workspace_id}" in path and "/workspaces/archive" in request.url.path:
                continue
            return name
    raise AssertionError(f"{request.method} {request.url.path} is no operation")


SINGLE = [path for path in methods() if path.partition(".")[2] not in COMPOSED]


def test_every_operation_has_a_method() -> None:
    reached = {operation_of(called(path)) for path in SINGLE}

    assert set(operations()) - reached == set()


@pytest.mark.parametrize("path", SINGLE)
def test_a_method_takes_what_its_operation_takes(path: str) -> None:
    request = called(path)
    name = operation_of(request)
    _, _, operation = operations()[name]
    parameters = [resolved(p) for p in operation.get("parameters", [])]

    sent = {p["name"] for p in parameters if p["in"] == "query"} - NOT_SENT.get(name, set())
    assert set(request.url.params) == sent
    assert body_fields(request) == known_fields(operation)


def body_fields(request: httpx.Request) -> set[str]:
    if not request.headers.get("Content-Type", "").startswith("application/json"):
        return set()
    sent = json.loads(request.read())
    nested = NESTED & set(sent)
    return nested or set(sent)


def known_fields(operation: dict[str, Any]) -> set[str]:
    content = operation.get("requestBody", {}).get("content", {})
    return set(content.get("application/json", {}).get("schema", {}).get("properties", {}))


RENAMED = {
    "Mapping": "ImageMapping",
    "Entry": "AuditEntry",
    "Actor": "AuditActor",
    "Object": "AuditObject",
    "Followed": "FollowedLine",
    "Line": "LogLine",
    "Report": "CleanReport",
    "Live": "Liveness",
    "Ready": "Readiness",
}
# Told in another way: as an error, in `answer.meta`, or as a map of what has a class.
NOT_CLASSES = {
    "Error",
    "Events",
    "Last",
    "Next",
    "OperationMeta",
    "PortMappings",
    "RefreshMeta",
    "Refreshed",
    "Verb",
    "VolumeMounts",
}
SCHEMAS = sorted(set(document()["components"]["schemas"]) - NOT_CLASSES)


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_object_of_an_answer_has_a_class_with_its_fields(schema: str) -> None:
    kind = getattr(models, RENAMED.get(schema, schema))
    described = document()["components"]["schemas"][schema]["properties"]

    assert issubclass(kind, Record)
    assert {NAMES.get(name, name) for name in kind._kinds} == set(described)
    wrong = {
        name: (annotated, described[NAMES.get(name, name)])
        for name, annotated in kind._kinds.items()
        if not fits(str(annotated), described[NAMES.get(name, name)])
    }
    assert wrong == {}


WORDS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


def fits(annotated: str, described: dict[str, Any]) -> bool:
    """Whether the annotation names every type that may come."""
    if "$ref" in described:
        name = described["$ref"].rpartition("/")[2]
        return RENAMED.get(name, name).removesuffix("s") in annotated or "dict" in annotated
    if parts := described.get("anyOf") or described.get("oneOf"):
        return all(fits(annotated, part) for part in parts)
    kinds = described.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    wanted = {WORDS.get(kind, {"array": "list", "object": "dict"}.get(kind, "")) for kind in kinds}
    return all(word in annotated for word in wanted)
