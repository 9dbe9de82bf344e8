"""POST /teams/T/services/S/start"""

import pytest

from services.models import Operation, Service
from tests.conftest import Api
from tests.factories import make_release


@pytest.fixture
def stopped(service: Service) -> Service:
    service.wanted_release, service.wanted_state = make_release(service), "stopped"
    service.save()
    return service


def test_it_begins_an_operation(api: Api, stopped: Service) -> None:
    answer = api.post(api.at(f"/services/{stopped.id}/start"))

    assert answer.status_code == 200
    operation = Operation.objects.get()
    assert (operation.kind, operation.requested_by) == ("start", "alice")
    assert answer.json()["meta"] == {"operation_id": str(operation.id)}


def test_a_service_that_runs_is_left_alone(api: Api, stopped: Service) -> None:
    Service.objects.update(wanted_state="running")

    answer = api.post(api.at(f"/services/{stopped.id}/start"))

    assert answer.json()["meta"] == {"operation_id": None, "unchanged": True}


def test_one_that_never_ran_gets_its_first_deploy(api: Api, service: Service) -> None:
    api.post(api.at(f"/services/{service.id}/start"))

    assert Operation.objects.get().kind == "deploy"


@pytest.mark.parametrize("release", [None, "one"])
def test_twice_is_harmless(api: Api, stopped: Service, release: str | None) -> None:
    if release is None:
        Service.objects.update(wanted_release=None, wanted_state="new")
    path = api.at(f"/services/{stopped.id}/start")

    first, second = api.post(path), api.post(path)

    assert first.json()["meta"] == {"operation_id": str(Operation.objects.get().id)}
    assert second.status_code == 200
    assert second.json()["meta"] == {"operation_id": None, "unchanged": True}


def test_a_stop_that_waits_is_named(api: Api, stopped: Service) -> None:
    Service.objects.update(wanted_state="running")
    first = api.post(api.at(f"/services/{stopped.id}/stop")).json()["meta"]["operation_id"]

    answer = api.post(api.at(f"/services/{stopped.id}/start"))

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "service.busy")
    assert error["params"]["operation_id"] == first


def test_an_unknown_field_is_refused(api: Api, stopped: Service) -> None:
    answer = api.post(api.at(f"/services/{stopped.id}/start"), {"fast": True})

    assert answer.status_code == 400
    assert "fast" in answer.json()["error"]["details"]


def test_a_stranger_starts_nothing(stranger: Api, stopped: Service) -> None:
    assert stranger.post(stranger.at(f"/services/{stopped.id}/start")).status_code == 404
    assert not Operation.objects.exists()
