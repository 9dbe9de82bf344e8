"""POST /teams/T/services/S/rollback and GET .../releases"""

import pytest
from pytest_django import Settings

from services.api.described import description_of
from services.api.lifecycle import Rollback
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import runtime
from services.models import Operation, Service
from services.runtimes.base import PublishedPort
from services.runtimes.fake import FakeRuntime
from tests.conftest import Api
from tests.factories import make_release


@pytest.fixture
def released(service: Service) -> Service:
    """Two releases, the second one serves."""
    make_release(service)
    service.wanted_release, service.wanted_state = make_release(service), "running"
    service.save()
    return service


def test_it_goes_back_to_the_release_named(api: Api, released: Service) -> None:
    answer = api.post(api.at(f"/services/{released.id}/rollback"), {"release": 1})

    assert answer.status_code == 200, answer.content
    assert Operation.objects.get().params == {"release": 1}


@pytest.mark.parametrize(("release", "status"), [(7, 404), (2, 409), (0, 422), ("1", 400)])
def test_a_release_that_cannot_be(
    api: Api, released: Service, release: object, status: int
) -> None:
    path = api.at(f"/services/{released.id}/rollback")

    assert api.post(path, {"release": release}).status_code == status


def test_an_image_that_is_gone_is_said(api: Api, released: Service) -> None:
    engine = runtime()
    assert isinstance(engine, FakeRuntime)
    engine.missing_images.add(released.releases.get(number=1).image_digest)

    answer = api.post(api.at(f"/services/{released.id}/rollback"), {"release": 1})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "release.image_gone")


def test_what_its_ports_were_refused_for_is_said_in_the_document(
    api: Api, released: Service, settings: Settings
) -> None:
    """Every answer is compared with the document, but for its codes."""
    own = settings.KYOZO["PORT"]
    released.port_mappings = {"9000": {"host_ip": "127.0.0.2"}}
    released.save()
    codes = [refusal(api, released, own, ""), refusal(api, released, 19000, "127.0.0.2")]

    said = description_of(Rollback, "POST")
    assert said
    assert codes == ["port.in_use", "invalid"]
    assert {"release.image_gone", *codes} == {*said.refuses[422]}


def refusal(api: Api, service: Service, port: int, host_ip: str) -> str:
    config = ReleaseConfig(ports=(PublishedPort(9000, port, "tcp", host_ip),)).to_json()
    number = make_release(service, config=config).number
    answer = api.post(api.at(f"/services/{service.id}/rollback"), {"release": number})
    assert answer.status_code == 422
    return str(answer.json()["error"]["code"])


def test_a_service_without_an_earlier_release_says_so(api: Api, service: Service) -> None:
    assert api.post(api.at(f"/services/{service.id}/rollback")).status_code == 409


def test_releases_are_listed_newest_first(api: Api, released: Service) -> None:
    rows = api.get(api.at(f"/services/{released.id}/releases")).json()["data"]

    assert [(row["number"], row["is_current"]) for row in rows] == [(2, True), (1, False)]


def test_releases_are_compared(api: Api, released: Service) -> None:
    path = api.at(f"/services/{released.id}/releases/2/diff")

    shown = api.get(path).json()["data"]

    assert (shown["release"], shown["against"]) == (2, 1)
    [change] = shown["changes"]
    assert (change["field"], change["kind"]) == ("image", "changed")
    assert api.get(f"{path}?against=2").json()["data"]["changes"] == []
    assert api.get(f"{path}?against=9").status_code == 404
    assert api.get(f"{path}?against=x").status_code == 400


def test_a_stranger_sees_and_changes_nothing(stranger: Api, released: Service) -> None:
    path = stranger.at(f"/services/{released.id}")
    assert stranger.get(f"{path}/releases/2/diff").status_code == 404

    assert stranger.get(f"{path}/releases").status_code == 404
    assert stranger.post(f"{path}/rollback", {"release": 1}).status_code == 404
