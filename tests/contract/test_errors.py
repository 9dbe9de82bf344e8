"""Error Responses: the document's status, message and fields, and always a code and an id."""

from typing import Any

import pytest
from django.test import Client

from services.api import service as service_views
from services.models import Service
from services.teams.models import Scope
from tests.conftest import Api, Person
from tests.contract.document import differences, payload
from tests.factories import make_service


def holds(section: str, answer: Any, *, message: bool = True) -> bool:
    wanted, got = payload(section)["error"], answer.json()["error"]
    assert answer.status_code == int(section[:3])
    assert [d for d in differences(wanted, got) if not d.startswith(".details")] == []
    assert got["request_id"] == answer.headers["X-Request-ID"]
    assert {"message", "code"} <= got.keys()
    if "code" in wanted:
        assert got["code"] == wanted["code"]
    return not message or got["message"] == wanted["message"]


def test_400_names_the_field_that_is_missing(api: Api) -> None:
    answer = api.post(api.at("/services"), {"service": {"folder_path": "/"}})

    assert holds("400 Bad Request", answer)
    assert answer.json()["error"]["details"] == {"name": ["is required"]}


def test_401_without_a_token(client: Client, alice: Person) -> None:
    assert holds("401 Unauthorized", client.get(f"/api/v1/teams/{alice.team.id}/services"))


def test_403_beyond_the_scope(as_person: Any, alice: Person, service: Service) -> None:
    reader = as_person(alice, scope=Scope.READ)

    assert holds("403 Forbidden", reader.post(reader.at(f"/services/{service.id}/stop")))


def test_404_for_what_is_not_there(api: Api) -> None:
    nowhere = "01234567-89ab-cdef-0123-456789abcdef"

    assert holds("404 Not Found", api.get(api.at(f"/services/{nowhere}")))


def test_422_for_a_name_that_is_taken(api: Api, alice: Person, service: Service) -> None:
    other = make_service(alice.team, workspace=service.workspace, name="other")

    answer = api.put(api.at(f"/services/{other.id}"), {"service": {"name": service.name}})

    assert holds("422 Unprocessable Entity", answer)
    assert (
        answer.json()["error"]["details"]["name"]
        == payload("422 Unprocessable Entity")["error"]["details"]["name"]
    )


def test_422_for_a_port_that_is_in_use(api: Api, alice: Person, service: Service) -> None:
    other = make_service(alice.team, workspace=service.workspace, name="other")
    ports = {"9000": {"host_port": 28080}}
    api.put(api.at(f"/services/{other.id}"), {"service": {"port_mappings": ports}})

    answer = api.put(api.at(f"/services/{service.id}"), {"service": {"port_mappings": ports}})

    assert holds("422 Unprocessable Entity", answer)
    assert answer.json()["error"]["details"] == {"port_mappings": ["port 28080 is already in use"]}


def test_422_tells_all_that_is_wrong_at_once(api: Api, alice: Person, service: Service) -> None:
    seeds = payload("422 Unprocessable Entity")["error"]
    other = make_service(alice.team, workspace=service.workspace, name="other")
    ports = {"9000": {"host_port": 28080}}
    api.put(api.at(f"/services/{other.id}"), {"service": {"port_mappings": ports}})
    body = {"service": {"name": other.name, "port_mappings": ports}}

    error = api.put(api.at(f"/services/{service.id}"), body).json()["error"]

    assert error["message"] == seeds["message"]
    assert error["details"] == {
        "name": seeds["details"]["name"],
        "port_mappings": ["port 28080 is already in use"],
    }


def test_500_tells_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError("the secret reason")

    monkeypatch.setattr(service_views, "services_page", broken)

    assert holds("500 Internal Server Error", api.get(api.at("/services")))
