"""Made from the description: every parameter of every GET, with what people try. Never a 500, and
what is no number, moment or cursor of ours is a 400."""

import base64
import json
from typing import Any

import pytest

from tests.conftest import Api
from tests.knowing import document, resolved
from tests.services.api.test_isolation import ids, state

__all__ = ["ids"]  # the fixture: one of everything that is alice's
TEXTS = (
    *("; touch /tmp/p", "$(id)", "`id`", "&& x", "| x", "a\nb", "\x00", "-oProxyCommand=x"),
    *("--upload-pack=x", "-", "\u0430dmin", "\u202etxt", "\x1b[31m", "x" * 100_000, "%", "%s"),
    *("' OR 1=1 --", '"', "\\", "_%_", "{{7*7}}", "${jndi:x}", "<script>", "\ufffe", "\U0001f4a9"),
    *("..", "../../etc/passwd", "/etc/shadow", "%2e%2e%2f", "..\\", "/proc/self/environ", "//"),
    *("~", "null", "true", "[]", "{}", "null\x00", "id__gt", "team__name", "-created_at"),
)
NUMBERS = (
    *("-1", "-0", "+1", "1.5", "1e3", "1e999", "NaN", "Infinity", "0x10", "1_0", "\u0663", " 1"),
    *(str(2**63), str(-(2**63) - 1), str(2**64), "9" * 19, "9" * 40, "9" * 5000),
)
MOMENTS = (
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "1969-12-31T23:59:59Z"),
    *("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-23:59", "10000-01-01T00:00:00Z"),
    *("-0001-01-01T00:00:00Z", "2030-02-30T00:00:00Z", "2030-01-01T25:00:00Z", "2030-W01-1"),
    *("2030-01-01T00:00:00+99:99", "2030-01-01T00:00:00." + "9" * 5000 + "Z", "253402300800"),
)
ENDS: tuple[Any, ...] = (
    *("-1", "1e999", "NaN", str(2**63), "9" * 40, "9" * 5000, "\u0663", *MOMENTS[:5]),
    *("", "x", "\x00", "\ud800", [], {}, None, 1e308, -(2**80)),
)
SOMEBODY = "12345678-1234-4234-8234-123456789012"


def parameters() -> list[tuple[str, str, dict[str, Any]]]:
    """Path, name and schema of all that stands in the query of a GET."""
    return [
        (path, one["name"], one["schema"])
        for path, methods in document()["paths"].items()
        if "get" in methods
        for one in map(resolved, methods["get"].get("parameters", ()))
        if one["in"] == "query"
    ]


def is_cursor(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "cursor"


ASKED = parameters()
LISTS = [path for path, name, schema in ASKED if name == "after" and is_cursor(schema)]


def is_refused(schema: dict[str, Any], value: str) -> bool:
    """Whether the value cannot be one of these, by the kind of the parameter."""
    if schema.get("format") == "date-time":
        return value not in MOMENTS
    if schema["type"] == "boolean":
        return value not in {"true", "false"}
    if schema["type"] == "integer" and value.isdecimal() and value.isascii():
        return not schema["minimum"] <= int(value[:4000]) <= schema["maximum"]
    return schema["type"] == "integer" or "enum" in schema


def address(api: Api, path: str, ids: dict[str, str]) -> str:
    known = {key.partition(":")[2].strip(">"): value for key, value in ids.items()}
    return path.format(team_id=api.team.id, **known)


@pytest.mark.parametrize(("path", "name", "schema"), ASKED)
def test_no_parameter_is_too_strange(
    api: Api, ids: dict[str, str], path: str, name: str, schema: dict[str, Any]
) -> None:
    at, before = address(api, path, ids), state()

    for value in (*TEXTS, *NUMBERS, *MOMENTS):
        answer = api.get(at, {name: value})
        refused = {400} if is_refused(schema, value) else {200, 400, 404, 422}
        assert answer.status_code in refused, (value[:80], answer.content)
    assert state() == before


@pytest.mark.parametrize("path", LISTS)
def test_no_forged_cursor_is_too_strange(api: Api, ids: dict[str, str], path: str) -> None:
    at = address(api, path, ids)
    orders = [by for p, n, s in ASKED if (p, n) == (path, "sort_by") for by in s["enum"]]

    for said in (*forged("id"), *forged("team__name"), *(o for by in orders for o in forged(by))):
        text = base64.urlsafe_b64encode(json.dumps(said).encode()).decode()
        order = {"sort_by": said[0]} if said[0] in orders else {}
        answer = api.get(at, {"after": text, **order})
        assert answer.status_code in {200, 400}, (said, answer.content)


def forged(by: str) -> list[list[Any]]:
    """What a cursor says is the column, the value and the id of the last row."""
    values = [[by, value, SOMEBODY] for value in ENDS]
    return [*values, *([by, "1", key] for key in ("x", 7, None)), [by], [[by]] * 3]
