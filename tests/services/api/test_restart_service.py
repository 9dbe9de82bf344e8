"""POST /teams/T/services/S/restart"""

from services.models import Operation, Service
from tests.conftest import Api
from tests.factories import make_release


def test_it_begins_an_operation(api: Api, service: Service) -> None:
    service.wanted_release, service.wanted_state = make_release(service), "running"
    service.save()

    assert api.post(api.at(f"/services/{service.id}/restart")).status_code == 200
    assert Operation.objects.get().kind == "restart"


def test_what_does_not_run_cannot_be_restarted(api: Api, service: Service) -> None:
    answer = api.post(api.at(f"/services/{service.id}/restart"))

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "service.wrong_state"
    assert answer.json()["error"]["fix"]


def test_a_stranger_restarts_nothing(stranger: Api, service: Service) -> None:
    assert stranger.post(stranger.at(f"/services/{service.id}/restart")).status_code == 404
