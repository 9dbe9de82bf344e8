"""GET /teams/T/services"""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from services.models import HostPort, Service, WantedState
from tests.conftest import Api, Person
from tests.factories import make_instance, make_release, make_service, make_workspace


def names(api: Api, **params: Any) -> list[str]:
    answer = api.get(api.at("/services"), params)
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["data"]]


def test_a_row_has_the_seeds_fields(api: Api, service: Service) -> None:
    (row,) = api.get(api.at("/services")).json()["data"]

    assert row["workspace"] == {
        "id": str(service.workspace_id),
        "name": "app",
        "storage_backend": "folder",
    }
    assert row["team"] == {"id": str(service.team_id), "name": "alpha"}
    seed = {"container_id", "image_id", "deployment_config", "port_mappings", "resource_limits"}
    assert seed <= set(row)


def test_only_the_teams_own_are_listed(stranger: Api, service: Service) -> None:
    assert names(stranger) == []


def test_a_removed_service_is_gone_at_once(api: Api, service: Service) -> None:
    Service.objects.update(wanted_state=WantedState.REMOVED)

    assert names(api) == []


@pytest.fixture
def three(alice: Person) -> None:
    workspace = make_workspace(alice.team)
    make_service(alice.team, workspace=workspace, name="a", folder_path="/shop")
    make_service(alice.team, workspace=workspace, name="c", service_type="golang")
    make_service(alice.team, workspace=workspace, name="b", status="running")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"status": "running"}, ["b"]),
        ({"service_type": "golang"}, ["c"]),
        ({"search": "SHOP"}, ["a"]),
        ({"search": "c"}, ["c"]),
        ({"workspace_id": "no id"}, []),
        ({}, ["a", "c", "b"]),
        ({"sort_by": "name"}, ["a", "b", "c"]),
        ({"sort_by": "name", "sort_order": "desc"}, ["c", "b", "a"]),
        ({"sort_by": "created_at", "sort_order": "desc"}, ["b", "c", "a"]),
    ],
)
def test_filters_and_order(three: None, api: Api, params: Any, found: list[str]) -> None:
    assert names(api, **params) == found


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("by", ["name", "created_at", "deployed_at", "status"])
def test_pages_show_everything_once(alice: Person, api: Api, by: str, order: str) -> None:
    workspace = make_workspace(alice.team)
    for n in range(7):
        make_service(alice.team, workspace=workspace, name=f"s{n}")
    seen: list[str] = []
    params: dict[str, Any] = {"limit": 3, "sort_by": by, "sort_order": order}

    while "after" not in params or params["after"]:
        answer = api.get(api.at("/services"), params).json()
        seen += [row["name"] for row in answer["data"]]
        params["after"] = answer["meta"]["next"] or ""

    assert sorted(seen) == [f"s{n}" for n in range(7)]


def test_the_next_page_is_linked_with_the_same_filters(three: None, api: Api) -> None:
    first = api.get(api.at("/services?limit=2&sort_by=name"))
    url, _, rel = first.headers["Link"].partition("; ")

    second = api.get(url.strip("<>"))

    assert rel == 'rel="next"'
    assert [row["name"] for row in second.json()["data"]] == ["c"]
    assert "Link" not in second.headers


@pytest.mark.parametrize(
    "params",
    [
        {"status": "perfect"},
        {"sort_by": "id; drop table"},
        {"limit": "0"},
        {"limit": "x"},
        {"after": "x"},
        {"after": "W10="},
        {"search": "\x00"},
        {"colour": "red"},
    ],
)
def test_a_bad_parameter_is_named(api: Api, params: dict[str, str]) -> None:
    answer = api.get(api.at("/services"), params)

    assert answer.status_code == 400
    assert set(answer.json()["error"]["details"]) == set(params)


def _furnish(service: Service) -> None:
    release = make_release(service)
    make_instance(service, release=release, is_routed=True)
    HostPort.objects.create(
        port=8000 + service.team.services.count(), service=service, container_port=80
    )
    Service.objects.filter(pk=service.pk).update(wanted_release=release)


@pytest.mark.parametrize("count", [1, 12])
def test_the_number_of_queries_does_not_grow(
    alice: Person, api: Api, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    workspace = make_workspace(alice.team)
    for n in range(count):
        _furnish(make_service(alice.team, workspace=workspace, name=f"s{n}"))
    api.get("/api/v1/me")

    with django_assert_num_queries(3):
        assert len(names(api)) == count
