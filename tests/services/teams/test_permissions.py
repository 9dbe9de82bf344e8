"""Address, header and token must agree on the team, and role and token on the scope."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from services.teams.models import Role, Scope
from services.teams.permissions import TeamPermission
from tests.conftest import Api, Person
from tests.factories import make_member

AsPerson = Callable[..., Api]


def test_a_token_without_the_team_header_is_told_so(api: Api) -> None:
    answer = api.get(api.at("/services"), HTTP_X_TEAM_ID="")

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "team_required")
    assert "X-Team-ID" in error["fix"]


@pytest.mark.parametrize("header", ["charlies", "nonsense"])
def test_a_header_of_another_team_is_refused(api: Api, charlie: Person, header: str) -> None:
    team = str(charlie.team.id) if header == "charlies" else header
    answer = api.get(api.at("/services"), HTTP_X_TEAM_ID=team)

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "team_mismatch")


def test_a_session_needs_no_header_but_must_be_a_member(alice: Person, charlie: Person) -> None:
    browser = Client()
    browser.force_login(alice.user)

    assert browser.get(f"/api/v1/teams/{alice.team.id}/services").status_code == 200
    assert browser.get(f"/api/v1/teams/{charlie.team.id}/services").status_code == 404


@pytest.mark.parametrize(
    ("role", "scope", "answers"),
    [
        (Role.OWNER, Scope.ADMIN, (200, 200, 200)),
        (Role.ADMIN, Scope.DEPLOY, (200, 200, 403)),
        (Role.OWNER, Scope.READ, (200, 403, 403)),
        (Role.DEVELOPER, Scope.ADMIN, (200, 200, 403)),
        (Role.VIEWER, Scope.ADMIN, (200, 403, 403)),
    ],
)
def test_the_lower_of_role_and_scope_wins(
    as_person: AsPerson, alice: Person, role: Role, scope: Scope, answers: tuple[int, int, int]
) -> None:
    them = as_person(Person(make_member(alice.team, role=role), alice.team), scope=scope)

    reading = them.get(them.at("/services"))
    writing = them.put(them.at("/image-mappings"), {"source": "a", "target": "b"})
    ruling = them.get(them.at("/audit"))

    assert (reading.status_code, writing.status_code, ruling.status_code) == answers


def test_a_view_that_says_nothing_opens_for_nobody(alice: Person) -> None:
    class Forgotten(APIView):
        def get(self, request: Any) -> Any:
            raise AssertionError("never reached")

    request: Any = APIRequestFactory().get("/")
    request.auth = object()

    assert Forgotten.permission_classes == [TeamPermission]
    assert not TeamPermission().has_permission(request, Forgotten())
