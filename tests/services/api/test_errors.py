"""Every error has the seed's shape, a code and the request's id; bad input is never a 500."""

from typing import Any

import pytest
from django.test import Client

from services.api import service as service_views
from services.errors import TooManyError
from services.models import Service
from tests.conftest import Api, Person
from tests.factories import make_token

BODIES = {
    "not json": b"{",
    "not utf-8": b'"\xff"',
    "not a number": b'{"service": NaN}',
    "deep": b"[" * 100_000,
    "half a character": b'{"service": {"name": "\\ud800"}}',
    "a list": b"[]",
    "a word": b'"service"',
    "null": b"null",
    "huge number": b'{"service": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_body_that_is_no_object_is_a_400(api: Api, body: bytes) -> None:
    answer = api.post(api.at("/services"), body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "bad_request"


def test_a_body_that_is_too_large_is_a_413(api: Api) -> None:
    answer = api.post(api.at("/services"), b" " * 3_000_000, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "too_large")


def test_another_kind_of_body_is_a_415(api: Api) -> None:
    answer = api.post(api.at("/services"), b"a=b", content_type="text/plain")

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_another_method_is_a_405_that_says_which_are_allowed(api: Api) -> None:
    answer = api.delete(api.at("/services"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "nonsense"])
def test_answers_are_json_whatever_is_accepted(api: Api, accept: str) -> None:
    assert api.get("/api/v1/me", HTTP_ACCEPT=accept).json()["data"]


def test_an_unknown_address_is_a_404_in_json(client: Client, db: None) -> None:
    answer = client.get("/api/v1/nothing")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v1/nothing", "/api/v2/teams", "/api/"])
def test_who_mistypes_an_address_hears_of_the_address(
    alice: Person, method: str, path: str
) -> None:
    """As a program asks: with a token, and with nothing that pages have against forged forms."""
    strict = Client(
        enforce_csrf_checks=True, headers={"X-API-Key": make_token(alice.team, alice.user)}
    )

    answer = getattr(strict, method)(path, {}, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "path", ["/health", "/health/ready", "/health/live", "/api/v1/health/live"]
)
def test_health_is_told_at_the_short_address_too(client: Client, db: None, path: str) -> None:
    assert client.get(path).json()["data"]["status"] in {"ok", "unavailable"}


@pytest.mark.parametrize("path", ["/api/v1/openapi.json", "/api/docs"])
def test_documents_are_only_read(db: None, path: str) -> None:
    answer = Client(enforce_csrf_checks=True).post(path, {}, content_type="application/json")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/services/{service}"),
        ("get", "/services/{service}/status"),
        ("get", "/services/{service}/env"),
        ("get", "/members"),
        ("post", "/services/{service}/stop"),
        ("patch", "/services/{service}"),
    ],
)
def test_a_query_parameter_that_nobody_reads_is_named(
    api: Api, service: Service, method: str, path: str
) -> None:
    answer = getattr(api, method)(api.at(path.format(service=service.id) + "?dry_run=true"), {})

    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == {
        "dry_run": ["is not a known parameter; known are none"]
    }
    assert not service.operations.exists()


def test_a_foreign_host_name_is_refused(client: Client, db: None, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1"]

    answer = client.get("/api/v1/health/live", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


def test_the_request_s_id_is_in_the_answer_and_its_header(client: Client, db: None) -> None:
    answer = client.get("/api/v1/me")

    assert answer.json()["error"]["request_id"] == answer.headers["X-Request-ID"]
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_we_did_not_think_of_is_the_seeds_500_and_logged(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(service_views, "services_page", broken)
    answer = api.get(api.at("/services"))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (500, "internal_error")
    assert "secret" not in answer.content.decode()
    assert error["request_id"] in caplog.text


@pytest.mark.parametrize(("known", "said"), [({}, "1"), ({"retry_after_s": 7}, "7")])
def test_every_429_says_when_to_come_again(
    api: Api, monkeypatch: pytest.MonkeyPatch, known: dict[str, int], said: str
) -> None:
    def busy(*args: Any) -> None:
        raise TooManyError("no time just now", params=known)

    monkeypatch.setattr(service_views, "services_page", busy)
    answer = api.get(api.at("/services"))

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, said)


NASTY = [
    "; touch /tmp/p",
    "$(id)",
    "a\nb",
    "\x00",
    "-x",
    "\u0430pple",
    "\u202e",
    "../..",
    "x" * 10_000,
    "A",
]


@pytest.mark.parametrize("text", NASTY)
@pytest.mark.parametrize("field", ["name", "service_type"])
def test_nasty_names_are_refused(api: Api, service: Service, field: str, text: str) -> None:
    answer = api.put(api.at(f"/services/{service.id}"), {"service": {field: text}})

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (422, [field])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port_mappings", {"0": {}}),
        ("port_mappings", {"80": {"host_port": 65536}}),
        ("port_mappings", {"80": {"protocol": "sctp"}}),
        ("port_mappings", {"80": {"host_port": 8080}, "81": {"host_port": 8080}}),
        ("resource_limits", {"memory_mb": 0}),
        ("resource_limits", {"memory_mb": 10**18}),
        ("resource_limits", {"cpu_cores": -1}),
        ("resource_limits", {"cpu_cores": 1e308}),
        ("volume_mounts", {"/data": {"source": "/etc"}}),
        ("volume_mounts", {"/data": {"type": "bind", "source": "x"}}),
        ("volume_mounts", {"/a/../..": {"source": "x"}}),
        ("volume_mounts", {"/proc": {"source": "x"}}),
        ("volume_mounts", {"/data": {}}),
        ("health_check_config", {"type": "command"}),
        ("health_check_config", {"endpoint": "http://127.0.0.1:2375/"}),
        ("health_check_config", {"headers": {"X": "a\r\nb"}}),
        ("scaling_config", {"min_replicas": 3, "max_replicas": 2}),
        ("deployment_config", {"dockerfile_path": "../../etc/passwd"}),
        ("deployment_config", {"build_args": {"A=B": "x"}}),
        ("environment_variables", {"A-B": "x"}),
        ("secret_variables", ["A B"]),
        ("folder_path", "/a/../../b"),
    ],
)
def test_what_cannot_be_is_a_422(api: Api, service: Service, field: str, value: Any) -> None:
    answer = api.put(api.at(f"/services/{service.id}"), {"service": {field: value}})

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (422, [field])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", 7),
        ("port_mappings", []),
        ("port_mappings", {"80": 8080}),
        ("resource_limits", {"memory_mb": "512m"}),
        ("resource_limits", {"memory_mb": True}),
        ("resource_limits", {"privileged": True}),
        ("health_check_config", {"enabled": "yes"}),
        ("scaling_config", {"max_replicas": 1.5}),
        ("secret_variables", "KEY"),
        ("network_mode", "host"),
    ],
)
def test_another_shape_is_a_400(api: Api, service: Service, field: str, value: Any) -> None:
    answer = api.put(api.at(f"/services/{service.id}"), {"service": {field: value}})

    assert (answer.status_code, list(answer.json()["error"]["details"])) == (400, [field])
