"""PUT and PATCH /teams/T/services/S"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from services.models import Service
from tests.conftest import Api, Person
from tests.factories import make_release, make_service
from tests.services.at_once import at_once


def test_put_changes_what_is_sent_and_nothing_else(api: Api, service: Service) -> None:
    fields = {"name": "new-name", "resource_limits": {"memory_mb": 2048, "cpu_cores": 4}}
    answer = api.put(api.at(f"/services/{service.id}"), {"service": fields})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["resource_limits"]["memory_mb"]) == ("new-name", 2048)
    assert data["folder_path"] == "/"


def test_an_answer_can_be_sent_back_as_it_came(api: Api, service: Service) -> None:
    shown = api.get(api.at(f"/services/{service.id}")).json()["data"]

    answer = api.put(api.at(f"/services/{service.id}"), {"service": shown})

    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    ("method", "sent", "kept"),
    [
        ("put", {"B": "2"}, {"B": "2"}),
        ("put", {"KEY": None, "B": "2"}, {"KEY": "hush", "B": "2"}),
        ("patch", {"B": "2"}, {"A": "1", "KEY": "hush", "B": "2"}),
        ("patch", {"A": None}, {"KEY": "hush"}),
    ],
)
def test_put_replaces_variables_and_patch_merges(
    api: Api, service: Service, method: str, sent: dict[str, Any], kept: dict[str, str]
) -> None:
    service.environment, service.secret_names = {"A": "1", "KEY": "hush"}, ["KEY"]
    service.save()
    change = {"service": {"environment_variables": sent}}

    getattr(api, method)(api.at(f"/services/{service.id}"), change)

    service.refresh_from_db()
    assert service.environment == kept


def test_patch_merges_limits_and_put_replaces_them(api: Api, service: Service) -> None:
    service.resource_limits = {"memory_mb": 512, "cpu_cores": 1}
    service.save()
    path, change = api.at(f"/services/{service.id}"), {"service": {"resource_limits": {"pids": 64}}}

    merged = api.patch(path, change).json()["data"]["resource_limits"]
    replaced = api.put(path, change).json()["data"]["resource_limits"]

    assert (merged, replaced) == ({"memory_mb": 512, "cpu_cores": 1, "pids": 64}, {"pids": 64})


def test_a_patch_that_contradicts_what_is_there_is_refused(api: Api, service: Service) -> None:
    change = {"service": {"scaling_config": {"min_replicas": 11}}}

    assert api.patch(api.at(f"/services/{service.id}"), change).status_code == 422


def test_a_type_that_was_set_outlives_the_next_look(api: Api, service: Service) -> None:
    api.put(api.at(f"/services/{service.id}"), {"service": {"service_type": "golang"}})

    service.refresh_from_db()
    assert service.overrides == {"type": "golang"}


def test_a_change_waits_for_the_next_deploy(api: Api, service: Service) -> None:
    service.wanted_release = make_release(service)
    service.save()
    change = {"service": {"environment_variables": {"A": "1"}}}

    data = api.put(api.at(f"/services/{service.id}"), change).json()["data"]

    assert data["has_pending_changes"] is True


def test_a_name_in_use_is_refused(api: Api, service: Service) -> None:
    make_service(service.team, name="taken")
    answer = api.put(api.at(f"/services/{service.id}"), {"service": {"name": "taken"}})

    assert answer.status_code == 422
    assert "name" in answer.json()["error"]["details"]


def test_a_stranger_changes_nothing(stranger: Api, service: Service) -> None:
    answer = stranger.put(stranger.at(f"/services/{service.id}"), {"service": {"name": "mine"}})

    service.refresh_from_db()
    assert (answer.status_code, service.name) == (404, "web")


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_lose_nothing(alice: Person, as_person: Callable[..., Api]) -> None:
    service = make_service(alice.team, name="web")

    def set_variable(name: str) -> int:
        client = as_person(alice)
        change = {"service": {"environment_variables": {name: "1"}}}
        return client.patch(client.at(f"/services/{service.id}"), change).status_code

    names = [f"V{number}" for number in range(6)]
    assert at_once(*(partial(set_variable, name) for name in names)) == [200] * 6

    service.refresh_from_db()
    assert sorted(service.environment) == names
