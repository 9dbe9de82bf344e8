"""GET /me, POST /sign-in-links, GET /health/{live,ready}"""

from typing import Any

from django.test import Client
from pytest_django.fixtures import Settings

from services.lifecycle.engine import runtime
from services.runtimes.fake import FakeRuntime
from services.teams.models import Role, Scope
from tests.conftest import Api, Person
from tests.factories import make_member


def test_me_needs_no_team_header(api: Api, alice: Person, settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, "MODE": "embedded"}

    data = api.get("/api/v1/me", HTTP_X_TEAM_ID="").json()["data"]

    assert data["team"] == {"id": str(alice.team.id), "name": "alpha", "slug": "alpha"}
    assert (data["user"]["name"], data["scope"], data["mode"]) == ("alice", "admin", "embedded")
    assert "state_dir" in data


def test_the_lower_of_role_and_token_counts(as_person: Any, alice: Person) -> None:
    viewer = Person(make_member(alice.team, role=Role.VIEWER), alice.team)

    data = as_person(viewer, scope=Scope.ADMIN).get("/api/v1/me").json()["data"]

    assert data["scope"] == "read"
    assert "state_dir" not in data


def test_a_sign_in_link_signs_in(api: Api, client: Client) -> None:
    answer = api.post("/api/v1/sign-in-links")
    url = answer.json()["data"]["url"]

    assert answer.status_code == 201
    assert client.post(url.removeprefix("http://testserver")).status_code == 302
    assert b"data-team" in client.get("/").content


def test_only_admins_make_sign_in_links(as_person: Any, alice: Person) -> None:
    assert as_person(alice, scope=Scope.DEPLOY).post("/api/v1/sign-in-links").status_code == 403


def test_health_needs_no_token(client: Client, db: None) -> None:
    assert client.get("/api/v1/health/live").status_code == 200
    ready = client.get("/api/v1/health/ready")
    assert (ready.status_code, ready.json()["data"]["database"]) == (200, "ok")


def test_an_engine_that_is_gone_makes_it_unready(client: Client, db: None) -> None:
    engine = runtime()
    assert isinstance(engine, FakeRuntime)
    engine.unreachable = True

    ready = client.get("/api/v1/health/ready")

    assert ready.status_code == 503
    assert ready.json()["data"]["engine"] != "ok"
