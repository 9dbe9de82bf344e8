"""POST /teams/T/clean"""

from typing import cast

import pytest
from django.conf import settings

from services.lifecycle.engine import runtime
from services.models import Service
from services.runtimes.base import LABEL_INSTALL, LABEL_SERVICE, LABEL_TEAM
from services.runtimes.fake import FakeRuntime
from services.teams.models import Scope
from tests.conftest import Api, Person


@pytest.fixture
def engine() -> FakeRuntime:
    return cast("FakeRuntime", runtime())


@pytest.fixture
def leftover(service: Service, engine: FakeRuntime) -> str:
    """An image that no release of alice's service uses."""
    labels = {
        LABEL_INSTALL: settings.KYOZO["INSTALL"],
        LABEL_TEAM: str(service.team_id),
        LABEL_SERVICE: str(service.id),
    }
    return engine.add_image(labels=labels)


def test_it_answers_what_went_and_why(api: Api, leftover: str, engine: FakeRuntime) -> None:
    answer = api.post(api.at("/clean"), {})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["is_dry_run"], data["refused"], data["freed_bytes"]) == (False, [], 0)
    [gone] = data["removed"]
    assert gone["kind"] == "image"
    assert gone["why"] == "no release of web uses it"
    assert leftover not in engine.engine.images


def test_a_dry_run_removes_nothing(api: Api, leftover: str, engine: FakeRuntime) -> None:
    data = api.post(api.at("/clean"), {"dry_run": True}).json()["data"]

    assert data["is_dry_run"]
    assert len(data["removed"]) == 1
    assert leftover in engine.engine.images


def test_another_team_neither_sees_nor_removes_it(
    stranger: Api, leftover: str, engine: FakeRuntime
) -> None:
    assert stranger.post(stranger.at("/clean"), {}).json()["data"]["removed"] == []
    assert leftover in engine.engine.images


def test_it_needs_the_scope_admin(alice: Person, leftover: str) -> None:
    client = Api(alice, scope=Scope.DEPLOY)

    assert client.post(client.at("/clean"), {}).status_code == 403


@pytest.mark.parametrize("body", [{"dry_run": "yes"}, {"force": True}, []])
def test_a_bad_body_is_refused(api: Api, body: object) -> None:
    assert api.post(api.at("/clean"), body).status_code == 400
