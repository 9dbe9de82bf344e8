"""POST /teams/T/services/S/scale"""

from typing import Any

import pytest

from services.models import Service
from tests.conftest import Api


def test_the_target_changes_and_what_was_seen_does_not(api: Api, service: Service) -> None:
    answer = api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": 3})

    assert answer.status_code == 200
    scaling = answer.json()["data"]["scaling_config"]
    assert (scaling["target_replicas"], scaling["current_replicas"]) == (3, 0)


@pytest.mark.parametrize("count", ["3", 1.5, True, None, [3]])
def test_another_type_is_a_400(api: Api, service: Service, count: Any) -> None:
    answer = api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": count})

    assert answer.status_code == 400
    assert "replica_count" in answer.json()["error"]["details"]


@pytest.mark.parametrize("count", [-1, 0, 11, 10**6])
def test_a_number_out_of_range_is_a_422(api: Api, service: Service, count: int) -> None:
    answer = api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": count})

    assert answer.status_code == 422
    assert "replica_count" in answer.json()["error"]["details"]


def test_the_number_is_required(api: Api, service: Service) -> None:
    assert api.post(api.at(f"/services/{service.id}/scale"), {}).status_code == 400


def test_twice_is_busy(api: Api, service: Service) -> None:
    api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": 2})

    assert (
        api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": 3}).status_code == 409
    )


def test_a_stranger_scales_nothing(stranger: Api, service: Service) -> None:
    path = stranger.at(f"/services/{service.id}/scale")

    assert stranger.post(path, {"replica_count": 2}).status_code == 404
