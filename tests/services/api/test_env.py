"""GET and PATCH /teams/T/services/S/env"""

from typing import Any

import pytest

from services.models import Service
from tests.conftest import Api


@pytest.fixture
def path(api: Api, service: Service) -> str:
    service.environment, service.secret_names = {"A": "1", "KEY": "hush"}, ["KEY"]
    service.save()
    return api.at(f"/services/{service.id}/env")


def test_secrets_read_back_as_null(api: Api, path: str) -> None:
    data = api.get(path).json()["data"]

    assert data["variables"] == {"A": "1", "KEY": None}
    assert data["secret_variables"] == ["KEY"]


def test_a_patch_merges_and_null_deletes(api: Api, path: str, service: Service) -> None:
    sent = {"variables": {"A": None, "B": "2", "C": "3"}, "secret_variables": ["KEY", "C"]}
    data = api.patch(path, sent).json()["data"]

    service.refresh_from_db()
    assert service.environment == {"KEY": "hush", "B": "2", "C": "3"}
    assert data["variables"] == {"KEY": None, "B": "2", "C": None}


@pytest.mark.parametrize("value", ["", "$(id)", "a\nb", "'\"`$HOME", "é\u202e", "x" * 32 * 1024])
def test_a_value_is_opaque(api: Api, path: str, service: Service, value: str) -> None:
    assert api.patch(path, {"variables": {"A": value}}).status_code == 200
    service.refresh_from_db()
    assert service.environment["A"] == value


@pytest.mark.parametrize(
    ("variables", "status"),
    [
        ([], 400),
        ({"A": 1}, 400),
        ({"A": {"b": 1}}, 400),
        ({"1A": "x"}, 422),
        ({"A B": "x"}, 422),
        ({"": "x"}, 422),
        ({"A\n": "x"}, 422),
        ({"A" * 129: "x"}, 422),
        ({"A": "x\x00"}, 422),
        ({"A": "é" * 32 * 1024}, 422),
        ({f"A{n}": "x" for n in range(513)}, 422),
    ],
)
def test_bad_variables_are_refused(api: Api, path: str, variables: Any, status: int) -> None:
    assert api.patch(path, {"variables": variables}).status_code == status


def test_a_change_of_what_somebody_else_changed_is_refused(
    api: Api, path: str, service: Service
) -> None:
    tag = api.get(path).headers["ETag"]
    first = api.patch(path, {"variables": {"A": "2"}}, HTTP_IF_MATCH=tag)

    second = api.patch(path, {"variables": {"A": "3"}}, HTTP_IF_MATCH=tag)

    service.refresh_from_db()
    assert (first.status_code, second.status_code) == (200, 412)
    assert service.environment["A"] == "2"
    assert first.headers["ETag"] == api.get(path.removesuffix("/env")).headers["ETag"] != tag
    again = api.patch(path, {"variables": {"A": "3"}}, HTTP_IF_MATCH=first.headers["ETag"])
    assert again.status_code == 200


def test_a_stranger_reads_and_writes_nothing(stranger: Api, path: str, service: Service) -> None:
    theirs = stranger.at(f"/services/{service.id}/env")

    assert stranger.get(theirs).status_code == 404
    assert stranger.patch(theirs, {"variables": {"A": "2"}}).status_code == 404
    assert Service.objects.get().environment["A"] == "1"
