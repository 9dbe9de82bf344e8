"""GET /teams/T/services/S"""

import pytest

from services.models import HostPort, Service
from tests.conftest import Api
from tests.factories import make_event, make_instance


def test_it_has_its_latest_events_and_checks(api: Api, service: Service) -> None:
    make_event(service.team, 1, service=service, event_type="deployment_completed", duration_ms=9)
    service.health_checks.create(check_type="http", status="healthy", response_time_ms=12.5)

    data = api.get(api.at(f"/services/{service.id}")).json()["data"]

    event, check = data["deployment_events"][0], data["health_checks"][0]
    assert (event["event_type"], event["duration_ms"]) == ("deployment_completed", 9)
    assert (check["status"], check["response_time_ms"]) == ("healthy", 12.5)


def test_the_container_that_serves_is_named(api: Api, service: Service) -> None:
    make_instance(service, engine_id="waiting")
    make_instance(service, engine_id="serving", is_routed=True)

    data = api.get(api.at(f"/services/{service.id}")).json()["data"]

    assert data["container_id"] == "serving"


def test_a_port_that_was_given_is_shown_with_what_was_asked_for(api: Api, service: Service) -> None:
    service.port_mappings = {"3000": {"protocol": "tcp"}}
    service.save()
    HostPort.objects.create(port=8081, service=service, container_port=3000)

    data = api.get(api.at(f"/services/{service.id}")).json()["data"]

    assert data["port_mappings"] == {"3000": {"host_port": 8081, "protocol": "tcp"}}
    assert data["urls"][0] == {"url": "http://127.0.0.1:8081", "kind": "port"}


def test_a_secret_reads_back_as_null(api: Api, service: Service) -> None:
    service.environment, service.secret_names = {"A": "1", "KEY": "hush"}, ["KEY"]
    service.save()

    answer = api.get(api.at(f"/services/{service.id}"))

    assert answer.json()["data"]["environment_variables"] == {"A": "1", "KEY": None}
    assert b"hush" not in answer.content


@pytest.mark.parametrize("key", ["00000000-0000-0000-0000-000000000000", "1", "..", "%00"])
def test_what_is_no_id_is_not_found(api: Api, key: str) -> None:
    answer = api.get(api.at(f"/services/{key}"))

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_a_stranger_s_service_and_none_are_the_same_answer(stranger: Api, service: Service) -> None:
    theirs = stranger.get(stranger.at(f"/services/{service.id}")).json()["error"]
    none = stranger.get(stranger.at("/services/nothing")).json()["error"]

    assert {**theirs, "request_id": ""} == {**none, "request_id": ""}
