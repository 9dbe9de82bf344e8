"""POST /teams/T/services/S/stop"""

import pytest

from services.models import Operation, OperationState, Service
from tests.conftest import Api
from tests.factories import make_operation, make_release


@pytest.fixture
def running(service: Service) -> Service:
    service.wanted_release, service.wanted_state = make_release(service), "running"
    service.save()
    return service


def test_it_begins_an_operation(api: Api, running: Service) -> None:
    answer = api.post(api.at(f"/services/{running.id}/stop"))

    assert answer.status_code == 200
    assert Operation.objects.get().kind == "stop"
    assert answer.json()["data"]["stopped_at"]


def test_it_goes_before_what_waits(api: Api, running: Service) -> None:
    waiting = make_operation(running, kind="restart")

    assert api.post(api.at(f"/services/{running.id}/stop")).status_code == 200
    waiting.refresh_from_db()
    assert waiting.state == OperationState.CANCELLED


def test_a_stopped_service_is_left_alone(api: Api, service: Service) -> None:
    answer = api.post(api.at(f"/services/{service.id}/stop"))

    assert answer.json()["meta"]["unchanged"] is True


def test_a_stranger_stops_nothing(stranger: Api, running: Service) -> None:
    assert stranger.post(stranger.at(f"/services/{running.id}/stop")).status_code == 404
    assert not Operation.objects.exists()
