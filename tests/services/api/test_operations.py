"""/teams/T/operations: list, show, cancel"""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from services.models import Service
from tests.conftest import Api, Person
from tests.factories import make_build, make_operation, make_service, make_workspace


def test_one_shows_its_steps_with_seconds(api: Api, service: Service) -> None:
    operation = make_operation(service, state="running", step="analyse")
    now = timezone.now()
    operation.steps.update(
        state="succeeded", started_at=now, ended_at=now + timedelta(seconds=1.5), detail="flask"
    )
    build = make_build(service, operation=operation)

    data = api.get(api.at(f"/operations/{operation.id}")).json()["data"]

    (step,) = data["steps"]
    assert (step["name"], step["state"], step["seconds"]) == ("analyse", "succeeded", 1.5)
    assert (data["service_name"], data["build_id"]) == ("web", str(build.id))


def test_the_newest_come_first_and_can_be_narrowed(api: Api, service: Service) -> None:
    old = make_operation(service, state="failed", error={"code": "build.failed", "message": "no"})
    new = make_operation(service)

    rows = api.get(api.at("/operations")).json()["data"]
    failed = api.get(api.at("/operations"), {"state": "failed"}).json()["data"]

    assert [row["id"] for row in rows] == [str(new.id), str(old.id)]
    assert [row["error"]["code"] for row in failed] == ["build.failed"]


@pytest.mark.parametrize("count", [1, 9])
def test_the_number_of_queries_does_not_grow(
    alice: Person, api: Api, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    workspace = make_workspace(alice.team)
    for n in range(count):
        make_build(make_service(alice.team, workspace=workspace, name=f"s{n}"))
    api.get("/api/v1/me")

    with django_assert_num_queries(4):
        assert len(api.get(api.at("/operations")).json()["data"]) == count


def test_one_that_waits_is_cancelled_at_once(api: Api, service: Service) -> None:
    operation = make_operation(service)

    answer = api.post(api.at(f"/operations/{operation.id}/cancel"))

    assert (answer.status_code, answer.json()["data"]["state"]) == (200, "cancelled")


def test_cancelling_twice_is_harmless(api: Api, service: Service) -> None:
    operation = make_operation(service)
    path = api.at(f"/operations/{operation.id}/cancel")

    states = [api.post(path).json()["data"]["state"] for _ in range(2)]

    assert states == ["cancelled", "cancelled"]


@pytest.mark.parametrize(
    ("sent", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ('{"x": 1}', "application/json", 400),
        ("x=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_a_cancel_takes_nothing(
    api: Api, service: Service, sent: str, content_type: str, status: int
) -> None:
    operation = make_operation(service)
    path = api.at(f"/operations/{operation.id}/cancel")

    answer = api.generic("POST", path, sent, content_type=content_type)

    operation.refresh_from_db()
    assert (answer.status_code, operation.state) == (status, "queued")


def test_a_removal_cannot_be_cancelled(api: Api, service: Service) -> None:
    operation = make_operation(service, kind="remove")

    answer = api.post(api.at(f"/operations/{operation.id}/cancel"))

    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "operation.not_cancellable"


def test_a_stranger_sees_and_cancels_nothing(stranger: Api, service: Service) -> None:
    operation = make_operation(service)

    assert stranger.get(stranger.at("/operations")).json()["data"] == []
    assert stranger.get(stranger.at(f"/operations/{operation.id}")).status_code == 404
    assert stranger.post(stranger.at(f"/operations/{operation.id}/cancel")).status_code == 404
    operation.refresh_from_db()
    assert operation.state == "queued"
