"""/teams/T/image-mappings"""

from typing import Any

import pytest

from services.models import ImageMapping
from tests.conftest import Api

MAPPING = {"source": "python:3.12-slim", "target": "kyozo/python:3.11"}


def test_putting_it_twice_leaves_one(api: Api) -> None:
    api.put(api.at("/image-mappings"), MAPPING)
    answer = api.put(api.at("/image-mappings"), MAPPING | {"target": "other:1"})

    assert answer.status_code == 200
    rows = api.get(api.at("/image-mappings")).json()["data"]
    assert rows == [MAPPING | {"target": "other:1"}]


def test_one_is_deleted_by_its_source(api: Api) -> None:
    api.put(api.at("/image-mappings"), MAPPING)
    path = api.at("/image-mappings?source=python:3.12-slim")

    assert [api.delete(path).status_code for _ in range(2)] == [204, 404]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        (MAPPING | {"source": 1}, 400),
        (MAPPING | {"why": "x"}, 400),
        (MAPPING | {"source": "-oProxyCommand=x"}, 422),
        (MAPPING | {"target": "a b"}, 422),
        (MAPPING | {"target": "x\nRUN id"}, 422),
    ],
)
def test_a_bad_body_is_refused(api: Api, body: Any, status: int) -> None:
    assert api.put(api.at("/image-mappings"), body).status_code == status
    assert not ImageMapping.objects.exists()


def test_a_stranger_sees_none(api: Api, stranger: Api) -> None:
    api.put(api.at("/image-mappings"), MAPPING)

    assert stranger.get(stranger.at("/image-mappings")).json()["data"] == []
    assert (
        stranger.delete(stranger.at("/image-mappings?source=python:3.12-slim")).status_code == 404
    )
