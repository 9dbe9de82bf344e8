"""DELETE /teams/T/services/S"""

from services.models import Operation, Service
from tests.conftest import Api


def test_the_id_is_gone_at_once_and_an_operation_does_the_rest(api: Api, service: Service) -> None:
    answer = api.delete(api.at(f"/services/{service.id}"))

    assert (answer.status_code, answer.content) == (204, b"")
    assert api.get(api.at(f"/services/{service.id}")).status_code == 404
    assert Operation.objects.get().kind == "remove"


def test_twice_is_a_404(api: Api, service: Service) -> None:
    api.delete(api.at(f"/services/{service.id}"))

    assert api.delete(api.at(f"/services/{service.id}")).status_code == 404
    assert Operation.objects.count() == 1


def test_a_stranger_removes_nothing(stranger: Api, service: Service) -> None:
    assert stranger.delete(stranger.at(f"/services/{service.id}")).status_code == 404
    assert not Operation.objects.exists()
