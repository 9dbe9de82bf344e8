"""The description of the API: whole, valid, and made for those only who ask for it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from services.api.described import description_of
from services.api.openapi.document import document as made
from services.api.openapi.examples import REQUESTS
from services.api.openapi.parameters import EXAMPLE_ID
from services.api.urls import urlpatterns
from tests.knowing import document, operation, resolved, validator
from tests.repository import ROOT

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
METHODS = ("get", "post", "put", "patch", "delete")


def views(routes: list[Any], prefix: str = "api/v1/") -> Iterator[tuple[str, Any]]:
    for route in routes:
        here = prefix + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from views(route.url_patterns, here)
        elif isinstance(route, URLPattern) and hasattr(route.callback, "view_class"):
            yield here, route.callback.view_class


ROUTES = [
    (route, method, view)
    for route, view in views(urlpatterns)
    for method in METHODS
    if hasattr(view, method)
]
OPERATIONS = [one for path in document()["paths"].values() for one in path.values()]


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that is described, with its example."""
    for one in OPERATIONS:
        answers = [resolved(answer) for answer in one["responses"].values()]
        for part in [one.get("requestBody", {}), *answers]:
            for content in part.get("content", {}).values():
                if "example" in content:
                    yield one["operationId"], content


@pytest.mark.parametrize(("route", "method", "view"), ROUTES)
def test_every_route_is_described(route: str, method: str, view: Any) -> None:
    """Where this fails a view's method lacks its `@Described` (services/api/described.py)."""
    said = description_of(view, method)

    assert said is not None
    assert (operation(method, route) or {}).get("operationId") == said.id


def test_nothing_else_is_described() -> None:
    assert len(OPERATIONS) == len(ROUTES)


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [one["operationId"] for one in OPERATIONS]

    assert sorted(set(names)) == sorted(names)


def test_it_is_made_without_a_warning_and_is_valid_openapi() -> None:
    found = made()

    assert not GENERATOR_STATS
    assert found["openapi"] == "3.1.0"
    validate_schema(found)  # type: ignore[no-untyped-call]


def test_every_example_is_what_its_schema_says() -> None:
    wrong = [
        f"{name}: {error.message}"
        for name, content in contents()
        for error in validator(json.dumps(content["schema"])).iter_errors(content["example"])
    ]

    assert wrong == []


def test_every_example_of_a_request_is_of_an_operation() -> None:
    assert REQUESTS.keys() - {one["operationId"] for one in OPERATIONS} == set()


def test_every_code_stands_in_the_documentation_with_its_status() -> None:
    lines = re.findall(r"^\| (?:(\d{3}) \| )?((?:`[a-z_.]+`(?:, )?)+) \|", PAGE, re.MULTILINE)
    known = {(status, code) for status, codes in lines for code in re.findall(r"[a-z_.]+", codes)}

    said = {(status, code) for status, code in codes() if ("", code) not in known}
    assert said - known == set()


def codes() -> Iterator[tuple[str, str]]:
    for _, _, view in ROUTES:
        for method in METHODS:
            said = description_of(view, method)
            for status, found in (said.refuses if said else {}).items():
                yield from ((str(status), code) for code in found)


def test_everybody_may_read_it(client: Client, db: None) -> None:
    answer = client.get("/api/v1/openapi.json")

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == document()


def test_the_page_has_every_operation_and_leads_nowhere_else(client: Client, db: None) -> None:
    answer = client.get("/api/docs")
    page = answer.content.decode()
    targets, names = re.findall(r'href="#([^"]+)"', page), re.findall(r'id="([^"]+)"', page)

    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src")
    assert {one["operationId"] for one in OPERATIONS} <= set(names)
    assert set(targets) - set(names) == set()
    assert re.findall(r'<script|style="|(?:href|src)="(?:https?:)?//', page) == []


def test_the_page_s_looks_are_served_by_the_platform(client: Client, db: None) -> None:
    page = client.get("/api/docs").content.decode()

    for path in re.findall(r'href="(/static/[^"]+)"', page):
        answer = client.get(path)
        answer.close()
        assert answer.status_code == 200, path


def test_what_wants_a_token_is_refused_without_one(client: Client, db: None) -> None:
    for path, methods in document()["paths"].items():
        address = re.sub(r"{\w+}", EXAMPLE_ID, path.replace("{number}", "1"))
        for method, one in methods.items():
            is_open = {} in one.get("security", [{}])
            answer = client.generic(method.upper(), address)
            assert (answer.status_code == 401) is not is_open, one["operationId"]


def test_nobody_pays_for_it_before_it_is_asked_for() -> None:
    code = (
        "import kyozo.wsgi, sys; from django.urls import get_resolver; "
        "get_resolver().url_patterns; print([m for m in sys.modules if 'spectacular' in m])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
