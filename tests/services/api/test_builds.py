"""GET /teams/T/builds/B and its log"""

import pytest

from services.api import builds
from services.models import Service
from tests.conftest import Api
from tests.factories import make_build


def test_a_build_tells_what_it_made(api: Api, service: Service) -> None:
    build = make_build(service, dockerfile="FROM x\n", image_ref="kyozo/web:1", is_cached=True)

    data = api.get(api.at(f"/builds/{build.id}")).json()["data"]

    assert (data["image_ref"], data["is_cached"], data["state"]) == ("kyozo/web:1", True, "running")


def test_the_log_comes_in_pieces_after_a_number(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builds, "CHUNKS", 2)
    path = api.at(f"/builds/{make_build(service, 'one', 'two', 'three').id}/log")

    first, rest = api.get(path).json()["data"], api.get(path, {"after": 2}).json()["data"]

    assert [chunk["text"] for chunk in first["chunks"]] == ["one", "two"]
    assert (rest["chunks"], rest["last"]) == ([{"number": 3, "text": "three"}], 3)


def test_at_the_end_the_number_stays(api: Api, service: Service) -> None:
    path = api.at(f"/builds/{make_build(service, 'one').id}/log")

    assert api.get(path, {"after": 1}).json()["data"]["last"] == 1


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30])
def test_a_number_that_is_none_is_refused(api: Api, service: Service, after: str) -> None:
    path = api.at(f"/builds/{make_build(service).id}/log")

    assert api.get(path, {"after": after}).status_code == 400


@pytest.mark.parametrize("rest", ["", "/log"])
def test_a_stranger_sees_none_of_it(stranger: Api, service: Service, rest: str) -> None:
    build = make_build(service, "secret")

    assert stranger.get(stranger.at(f"/builds/{build.id}{rest}")).status_code == 404
