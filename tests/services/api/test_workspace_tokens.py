"""Made from the table of routes: a token of one workspace finds nothing beyond it, no way out."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver

from services.api.urls import one_team, urlpatterns
from services.models import AuditEntry, Service, Workspace
from services.teams.models import ApiToken, Scope
from tests.conftest import Api, Person
from tests.factories import (
    make_build,
    make_event,
    make_folder,
    make_invitation,
    make_operation,
    make_service,
    make_workspace,
)
from tests.services.api.test_isolation import METHODS, SHARED, ids, state
from tests.services.api.test_matrix import views
from tests.services.api.writing import ask, body_of, filled

__all__ = ["ids"]  # the fixture: one of everything that is alice's, in the other workspace
VIEWS = dict(views(one_team))
LISTS = ("/services", "/workspaces", "/operations", "/builds", "/events")


class Limited(Api):
    """Alice's client with a token of one workspace."""

    def __init__(self, person: Person, workspace: Workspace, *, scope: Scope = Scope.DEPLOY):
        super().__init__(person, scope=scope)
        self.tokens().update(workspace=workspace)

    def tokens(self) -> Any:
        return ApiToken.objects.filter(prefix=self.token[:12], team=self.team)


@pytest.fixture
def mine(alice: Person, tmp_path: Path) -> Workspace:
    return make_workspace(alice.team, name="mine", root=str(make_folder(tmp_path, "mine")))


@pytest.fixture
def limited(alice: Person, mine: Workspace) -> Limited:
    # As an administrator's, though none can be made: what the row says must not matter.
    return Limited(alice, mine, scope=Scope.ADMIN)


@pytest.mark.parametrize("address", [a for a in VIEWS if a not in SHARED])
def test_what_belongs_to_another_workspace_is_not_found(
    limited: Limited, ids: dict[str, str], address: str
) -> None:
    before = state()

    for method in METHODS:
        url = limited.at(filled(address, ids))
        answer = ask(limited, method, url, body_of(method, address))
        assert answer.status_code in {404, 405}, (method, answer.content)
    assert state() == before


@pytest.mark.parametrize("address", [a for a in VIEWS if a in SHARED])
def test_what_is_the_whole_teams_is_not_found(
    limited: Limited, ids: dict[str, str], address: str
) -> None:
    before = state()

    for method in METHODS:
        if method.upper() in VIEWS[address].for_workspace or not hasattr(VIEWS[address], method):
            continue
        assert getattr(limited, method)(limited.at(address), {}).status_code == 404, method
    assert state() == before


def test_whatever_opens_for_it_is_meant_to() -> None:
    """A new route is closed to such tokens until somebody says otherwise here, too."""
    of_the_team = {address for address, view in VIEWS.items() if not view.for_workspace}

    assert of_the_team == {
        *("", "/leave"),
        "/audit",
        "/clean",
        "/image-mappings",
        "/invitations",
        "/invitations/<key:invitation_id>",
        "/members",
        "/members/<user:user_id>",
        "/tokens",
        "/tokens/<key:token_id>",
        "/workspaces/archive",
        "/workspaces/git",
    }
    assert VIEWS["/workspaces"].for_workspace == ("GET",)
    assert VIEWS["/workspaces/<key:workspace_id>"].for_workspace == ("GET",)


@pytest.mark.parametrize("address", LISTS)
def test_lists_show_what_is_in_it_and_nothing_else(
    limited: Limited, alice: Person, mine: Workspace, ids: dict[str, str], address: str
) -> None:
    service = make_service(alice.team, workspace=mine, name="mine-web")
    make_build(service, operation=make_operation(service))
    make_event(alice.team, 2, service=service)

    rows = limited.get(limited.at(address)).json()["data"]

    assert len(rows) == 1
    assert all(value not in str(rows) for value in ids.values() if len(value) > 20)


@pytest.mark.parametrize("address", ["/operations", "/builds", "/events"])
def test_a_filter_reaches_no_further_than_the_list(
    limited: Limited, alice: Person, service: Service, ids: dict[str, str], address: str
) -> None:
    narrowed = {"service_id": str(service.id)}

    assert len(Api(alice).get(limited.at(address), narrowed).json()["data"]) == 1
    assert limited.get(limited.at(address), narrowed).json()["data"] == []


@pytest.mark.parametrize("address", ["/services", "/workspaces", "/operations", "/builds"])
def test_the_next_page_of_somebody_s_list_shows_it_nothing(
    limited: Limited, alice: Person, service: Service, address: str
) -> None:
    """A cursor is a place in an order, whoever it was told to."""
    for _ in range(2):
        other = make_service(alice.team)
        make_build(other, operation=make_operation(other))
    first: Any = {"sort_order": "asc", "limit": 1}
    after = Api(alice).get(limited.at(address), first).json()["meta"]["next"]

    rows = limited.get(limited.at(address), {"sort_order": "asc", "after": after}).json()["data"]

    assert {row["name"] for row in rows} <= ({"mine"} if address == "/workspaces" else set())


def test_what_is_said_of_a_service_is_told_of_its_own_only(
    limited: Limited, alice: Person, mine: Workspace, service: Service
) -> None:
    own = make_service(alice.team, workspace=mine)
    for rest in ("logs", "logs?follow=true", "metrics?range=1h", "releases", "status", "health"):
        assert limited.get(limited.at(f"/services/{own.id}/{rest}")).status_code == 200, rest
        assert limited.get(limited.at(f"/services/{service.id}/{rest}")).status_code == 404, rest


def test_it_does_not_remove_its_own_workspace(limited: Limited, mine: Workspace) -> None:
    assert limited.delete(limited.at(f"/workspaces/{mine.id}")).status_code == 404
    assert limited.get(limited.at(f"/workspaces/{mine.id}")).status_code == 200


def test_it_ends_with_its_workspace(
    limited: Limited, api: Api, mine: Workspace, django_capture_on_commit_callbacks: Any
) -> None:
    assert limited.get("/api/v1/me").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(api.at(f"/workspaces/{mine.id}")).status_code == 204

    assert limited.get("/api/v1/me").status_code == 401
    entry = AuditEntry.objects.get(action="token.revoke")
    assert entry.object_name == "for tests"


def test_in_its_workspace_it_works(limited: Limited, alice: Person, mine: Workspace) -> None:
    service = make_service(alice.team, workspace=mine, name="mine-web")

    assert limited.get(limited.at(f"/services/{service.id}")).status_code == 200
    assert limited.post(limited.at(f"/services/{service.id}/deploy"), {}).status_code == 200
    assert limited.get(limited.at(f"/workspaces/{mine.id}/files")).status_code == 200
    me = limited.get("/api/v1/me").json()["data"]
    assert (me["workspace_id"], me["scope"]) == (str(mine.id), "deploy")
    assert "state_dir" not in me


def test_a_new_service_is_made_there(
    limited: Limited, mine: Workspace, workspace: Workspace
) -> None:
    new = {"name": "new", "folder_path": "/"}
    made = limited.post(limited.at("/services"), {"service": new})
    there = {"service": {**new, "workspace_id": str(workspace.id)}}

    assert made.json()["data"]["workspace_id"] == str(mine.id)
    assert limited.post(limited.at("/services"), there).status_code == 404
    assert Service.objects.count() == 1


def test_another_workspace_and_none_are_the_same_answer(limited: Limited, service: Service) -> None:
    def answer(key: object) -> Any:
        got = limited.get(limited.at(f"/services/{key}")).json()["error"]
        return got | {"request_id": ""}

    assert answer(service.id) == answer("12345678-1234-4234-8234-123456789012") == answer("x")


def test_there_is_no_way_out_through_its_person(limited: Limited, charlie: Person) -> None:
    invited = {"token": make_invitation(charlie.team, charlie.user)[1]}

    assert limited.post("/api/v1/sign-in-links", {}).status_code == 404
    assert limited.get("/api/v1/teams").status_code == 404
    assert limited.post("/api/v1/teams", {"name": "x"}).status_code == 404
    assert limited.post(limited.at("/leave"), {}).status_code == 404
    assert limited.post(limited.at("/tokens"), {"name": "x"}).status_code == 404
    assert limited.post("/api/v1/invitations/accept", invited).status_code == 403


def test_such_a_token_is_made_for_a_workspace_of_the_team(
    api: Api, workspace: Workspace, stranger: Api, charlie: Person
) -> None:
    body = {"name": "ci", "workspace_id": str(workspace.id)}
    made = api.post(api.at("/tokens"), body).json()["data"]

    assert (made["workspace_id"], made["scope"]) == (str(workspace.id), "deploy")
    assert stranger.post(stranger.at("/tokens"), body).status_code == 404
    assert api.post(api.at("/tokens"), {**body, "scope": "admin"}).status_code == 422


def test_every_address_without_a_team_is_thought_of() -> None:
    plain = {str(r.pattern) for r in urlpatterns if isinstance(r, URLPattern)}
    teams = [r for r in urlpatterns if isinstance(r, URLResolver)]

    assert len(teams) == 1
    assert plain == {
        *("me", "teams", "sign-in-links", "invitations/accept"),
        *("health/live", "health/ready", "openapi.json", ""),
    }
