"""Made from the description: every field of every body, with what attackers and mistakes put there.

Never a 500, never an answer that is not described, and never an effect beyond the field itself.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.conftest import Api
from tests.knowing import document, operation, resolved
from tests.services.api.test_isolation import ids, state
from tests.services.api.writing import REQUESTS, as_route, with_ids

__all__ = ["ids"]  # the fixture: one of everything that is alice's
pytestmark = pytest.mark.usefixtures("state_dir")
SHELL = (
    *("; touch CANARY", "$(touch CANARY)", "`touch CANARY`", "&& touch CANARY", "| touch CANARY"),
    *("x\ntouch CANARY", "\x00", "x\x00.py", "-oProxyCommand=touch CANARY", "-", "--help", "-rf"),
    *(
        "--upload-pack=touch CANARY",
        "${IFS}",
        "$HOME",
        "%(x)s",
        "{{7*7}}",
        "${{x}}",
        "{0.__class__}",
    ),
)
PATHS = (
    *("..", "../../etc", "/etc/shadow", "a/../../b", "%2e%2e%2f", "..%252f", "..\\", "/proc/self"),
    *("//", "///etc", "~", "~root", "/tmp/x.", "x" * 5000, "a/" * 3000, "C:\\Windows", "/dev/zero"),
    *("/var/run/docker.sock", "unix:///var/run/docker.sock", "file:///etc/passwd", ".git/config"),
)
ADDRESSES = (
    *("ext::sh -c touch% CANARY", "git://127.0.0.1/x", "ssh://-oX/x", "https://u:p@127.0.0.1/x"),
    *("https://$ENV/x", "http://127.0.0.1/x", "https://127.0.0.1/x", "https://[::1]/x"),
    *("https://0/x", "https://0x7f.1/x", "https://2130706433/x", "https://[::ffff:127.0.0.1]/x"),
    *("https://10.0.0.1/x", "https://169.254.169.254/latest/meta-data", "https://[fd00::1]/x"),
    *("ssh://git@127.0.0.1:2375/x", "https://127.0.0.1:6379/x", "git@127.0.0.1:x", "https://"),
)
WORDS = (
    *(
        "",
        " ",
        "\t",
        "\u202ename",
        "\u0430pi",
        "\ufeff",
        "\U0001f4a9",
        "e\u0301",
        "\x1b[31m",
        "\x7f",
    ),
    *("<script>alert(1)</script>", "=1+1", "' OR 1=1 --", "null", "true", "NaN", "x" * 1_000_000),
    *("latest@sha256:0", "UPPER", "a b", "a,b", "a:b", "a=b", "__proto__", "constructor", "sctp"),
)
TEXTS = {"shell": SHELL, "paths": PATHS, "addresses": ADDRESSES, "words": WORDS, "numbers": ()}
FEW = (SHELL[1], "\x00", "../../etc")
NUMBERS: tuple[Any, ...] = (
    *(-1, 0, 0.0001, 1.5, 65536, 2**31, 2**63, 2**64, 10**30, 1e18, 1e308, -1e308, -(2**63) - 1),
)
OTHERS: tuple[Any, ...] = (None, True, 7, "512m", [], {}, [[]], {"a": {}}, [None] * 1000)
# They share tables with createService and analyzeWorkspace, of which all is asked.
SAME = (
    *("createWorkspaceService", "replaceServiceSettings", "changeServiceSettings"),
    *("deployService", "deployWorkspace"),
)
Way = tuple[str | int, ...]


def asks() -> Iterator[tuple[str, str, str]]:
    """Method and address of all that takes JSON, with what is to be put there."""
    for method, address in REQUESTS:
        said = operation(method, f"api/v1/{as_route(address)}")
        assert said is not None, address
        if "application/json" in said.get("requestBody", {}).get("content", {}):
            kinds = ["few"] if said["operationId"] in SAME else TEXTS
            yield from ((method, address, kind) for kind in kinds)


def leaves(schema: dict[str, Any], way: Way = ()) -> Iterator[tuple[Way, dict[str, Any]]]:
    """Where a value may stand; names of variables and the like are `*`."""
    schema = resolved(schema)
    for one in schema.get("anyOf", ()):
        yield from leaves(one, way)
    for name, inner in schema.get("properties", {}).items():
        if not inner.get("readOnly"):
            yield from leaves(inner, (*way, name))
    if isinstance(inner := schema.get("additionalProperties"), dict):
        yield (*way, "*"), schema.get("propertyNames", {"type": "string"})
        yield from leaves(inner, (*way, _a_name(schema)))
    if "items" in schema:
        yield from leaves(schema["items"], (*way, 0))
    if way:
        yield way, schema


def _a_name(schema: dict[str, Any]) -> str:
    """One that such a map takes."""
    names = schema.get("propertyNames", {})
    return str(names.get("enum", ["80" if "[0-9]" in names.get("pattern", "") else "/x"])[0])


def put(body: Any, way: Way, value: Any) -> Any:
    """A copy of the body with a value at its place."""
    if not way:
        return value
    at, *rest = way
    if at == "*":
        return {value: {}} if isinstance(value, str) else {}
    if at == 0:
        return [put(None, tuple(rest), value)]
    found = dict(body) if isinstance(body, dict) else {}
    return found | {at: put(found.get(at), tuple(rest), value)}


def payloads(schema: dict[str, Any], kind: str) -> tuple[Any, ...]:
    types = str(schema.get("type"))
    if kind == "few":
        return (*FEW, None)
    if kind == "numbers":
        is_number = "integer" in types or "number" in types
        return (*(NUMBERS if is_number else NUMBERS[:1]), *OTHERS)
    return TEXTS[kind] if "string" in types else TEXTS[kind][:1]


@pytest.mark.parametrize(("method", "address", "kind"), list(asks()))
def test_nothing_that_is_put_into_a_body_does_harm(
    api: Api, ids: dict[str, str], tmp_path: Path, *, method: str, address: str, kind: str
) -> None:
    said = operation(method, f"api/v1/{as_route(address)}")
    assert said is not None
    known = ids | {"SENT": ids["<key:workspace_id>"], "CLONED": ids["<key:workspace_id>"]}
    url = "/api/v1/" + _filled(address, {**known, "<key:team_id>": str(api.team.id)})
    whole, canary = with_ids(REQUESTS[method, address][0], known), tmp_path / "canary"
    before = state()

    for way, schema in leaves(said["requestBody"]["content"]["application/json"]["schema"]):
        for payload in payloads(schema, kind):
            hostile = (
                payload.replace("CANARY", str(canary)) if isinstance(payload, str) else payload
            )
            with transaction.atomic():
                answer = getattr(api, method)(url, put(whole, way, hostile))
                transaction.set_rollback(True)
            assert answer.status_code < 500, (way, str(payload)[:80], answer.content)
    assert not canary.exists()
    assert state() == before


def _filled(address: str, known: dict[str, str]) -> str:
    for name, value in known.items():
        address = address.replace(name, value)
    return address.partition("?")[0]


RAW = (
    *(
        b"",
        b"nonsense",
        b"[]",
        b"7",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b'{"a":',
        b"{}{}",
        b"[" * 100_000,
    ),
    *(b'{"service": NaN}', b'{"service": {"name": "\\ud800"}}', b'{"a":' * 50_000, b"\x00"),
    *(b'{"service": {"name": 1e999}}', b'{"n": ' + b"9" * 5000 + b"}", b" " * 3_000_000),
)


@pytest.mark.parametrize("raw", RAW, ids=range(len(RAW)))
def test_no_body_is_too_strange(api: Api, ids: dict[str, str], raw: bytes) -> None:
    before = state()
    for path, methods in document()["paths"].items():
        for method in methods.keys() & {"post", "put", "patch"}:
            if "application/json" not in methods[method].get("requestBody", {}).get("content", {}):
                continue
            known = {key.partition(":")[2].strip(">"): value for key, value in ids.items()}
            url = path.format(team_id=api.team.id, **known)
            body: Any = raw
            answer = api.generic(method.upper(), url, body, content_type="application/json")
            is_nothing = not raw.strip()
            assert 400 <= answer.status_code < 500 or is_nothing, (method, path, answer.content)
    assert state() == before or raw == b""
