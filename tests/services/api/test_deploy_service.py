"""POST /teams/T/services/S/deploy"""

from typing import Any

import pytest

from services.models import Operation, OperationState, Service
from tests.conftest import Api
from tests.factories import make_operation, make_release


def test_it_queues_a_deploy_with_the_options(api: Api, service: Service) -> None:
    answer = api.post(api.at(f"/services/{service.id}/deploy"), {"no_cache": True})

    operation = Operation.objects.get()
    assert answer.json()["meta"]["operation_id"] == str(operation.id)
    assert (operation.kind, operation.params["no_cache"]) == ("deploy", True)


def test_overrides_stay_with_the_service(api: Api, service: Service) -> None:
    service.overrides = {"type": "python"}
    service.save()
    overrides = {"port": 9000, "start": "python serve.py"}
    api.post(api.at(f"/services/{service.id}/deploy"), {"overrides": overrides})

    service.refresh_from_db()
    assert service.overrides == {"type": "python", **overrides}


def test_overrides_of_what_deploys_by_itself_are_deployed_once(api: Api, service: Service) -> None:
    service.deployment_config = {"auto_deploy": True}
    service.wanted_release, service.has_pending_changes = make_release(service), True
    service.save()

    api.post(api.at(f"/services/{service.id}/deploy"), {"overrides": {"port": 9000}})

    assert Operation.objects.get().state == OperationState.QUEUED


def test_a_deploy_on_what_somebody_else_changed_is_refused(api: Api, service: Service) -> None:
    at, sent = api.at(f"/services/{service.id}"), {"overrides": {"port": 9000}}
    tag = api.get(at).headers["ETag"]

    first = api.post(f"{at}/deploy", sent, HTTP_IF_MATCH=tag)
    second = api.post(f"{at}/deploy", {"overrides": {"port": 9001}}, HTTP_IF_MATCH=tag)

    service.refresh_from_db()
    assert (first.status_code, second.status_code) == (200, 412)
    assert (service.overrides, Operation.objects.count()) == ({"port": 9000}, 1)
    assert first.headers["ETag"] == api.get(at).headers["ETag"] != tag


def test_it_takes_the_place_of_what_waits(api: Api, service: Service) -> None:
    waiting = make_operation(service, kind="restart")

    assert api.post(api.at(f"/services/{service.id}/deploy")).status_code == 200

    waiting.refresh_from_db()
    assert waiting.state == OperationState.SUPERSEDED


def test_a_second_deploy_replaces_the_one_that_waits(api: Api, service: Service) -> None:
    for _ in range(2):
        assert api.post(api.at(f"/services/{service.id}/deploy")).status_code == 200

    states = [operation.state for operation in Operation.objects.order_by("created_at")]
    assert states == [OperationState.SUPERSEDED, OperationState.QUEUED]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"force": "yes"}, 400),
        ({"overrides": []}, 400),
        ({"overrides": {"prot": 1}}, 400),
        ({"overrides": {"port": 0}}, 422),
        ({"overrides": {"type": "cobol"}}, 422),
        ({"overrides": {"health": "http://169.254.169.254/"}}, 422),
    ],
)
def test_bad_options_are_refused(api: Api, service: Service, sent: Any, status: int) -> None:
    assert api.post(api.at(f"/services/{service.id}/deploy"), sent).status_code == status
    assert not Operation.objects.exists()


def test_a_stranger_deploys_nothing(stranger: Api, service: Service) -> None:
    assert stranger.post(stranger.at(f"/services/{service.id}/deploy")).status_code == 404
