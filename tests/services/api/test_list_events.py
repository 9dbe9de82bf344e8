"""GET /teams/T/events"""

from typing import Any

import pytest

from services.models import Service
from tests.conftest import Api
from tests.factories import make_event


@pytest.fixture
def five(service: Service) -> None:
    for number in range(1, 6):
        make_event(service.team, number, service=service if number % 2 else None)


def numbers(api: Api, **params: Any) -> list[int]:
    rows = api.get(api.at("/events"), params).json()["data"]
    return [row["sequence_number"] for row in rows]


def test_since_gives_what_came_after_in_order(api: Api, five: None) -> None:
    assert numbers(api, since=2) == [3, 4, 5]


def test_without_since_the_latest_are_given_in_order(api: Api, five: None) -> None:
    assert numbers(api, limit=2) == [4, 5]


def test_one_services_events_alone(api: Api, five: None, service: Service) -> None:
    assert numbers(api, service_id=str(service.id)) == [1, 3, 5]


def test_meta_says_where_to_go_on(api: Api, five: None) -> None:
    assert api.get(api.at("/events"), {"since": 5}).json()["meta"] == {"last": 5}


def test_the_largest_number_that_is_named_is_taken(api: Api, five: None) -> None:
    assert numbers(api, since=2**62) == []


@pytest.mark.parametrize("query", ["since=-1", "since=1e3", "limit=0", "limit=1001", "until=1"])
def test_a_bad_parameter_is_refused(api: Api, query: str) -> None:
    assert api.get(api.at(f"/events?{query}")).status_code == 400


def test_a_stranger_sees_none(stranger: Api, five: None, service: Service) -> None:
    assert numbers(stranger, since=0, service_id=str(service.id)) == []
