"""Made from the table of routes: what writes leaves an entry, in the transaction of its change."""

from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError

from services.api.team_view import WRITING, TeamView
from services.api.urls import urlpatterns
from services.models import AuditEntry, ImageMapping, Service, Workspace
from services.teams.models import ApiToken, Role, SignInLink
from tests.conftest import Api, Person
from tests.factories import (
    make_folder,
    make_invitation,
    make_member,
    make_operation,
    make_release,
    make_service,
    make_token,
    make_workspace,
)
from tests.services.api.test_isolation import state
from tests.services.api.test_matrix import views
from tests.services.api.test_uploads import send
from tests.services.api.writing import ARCHIVE, REQUESTS, T, as_route, ask, filled, with_ids
from tests.sources.git_server import commit

ASKED_ELSEWHERE = {("delete", T)}  # of a team without anything: test_teams.py
pytestmark = pytest.mark.usefixtures("state_dir")


@pytest.fixture
def ids(
    api: Api, alice: Person, bob: Person, charlie: Person, service: Service, tmp_path: Path
) -> dict[str, str]:
    """Something of alice's for every request: a service that runs, and one with a queued deploy."""
    make_release(service)
    service.wanted_release, service.wanted_state = make_release(service), "running"
    service.save()
    ImageMapping.objects.create(team=alice.team, source="old", target="new")
    commit(project := make_folder(tmp_path / "projects", "cloned"), {})
    made = api.post(api.at("/workspaces/git"), {"workspace": {"url": str(project)}})
    make_token(alice.team, alice.user)
    make_member(alice.team, "dora", role=Role.OWNER)  # so that alice may leave
    found = {
        "<key:team_id>": alice.team.id,
        "<key:service_id>": service.id,
        "<key:workspace_id>": service.workspace_id,
        "<key:operation_id>": make_operation(make_service(alice.team)).id,
        "<key:token_id>": alice.team.tokens.latest("created_at").id,
        "<user:user_id>": bob.user.pk,
        "<key:invitation_id>": make_invitation(alice.team, alice.user)[0].id,
        "INVITED": make_invitation(charlie.team, charlie.user)[1],
        "SENT": send(api, ARCHIVE).json()["data"]["id"],
        "CLONED": made.json()["data"]["id"],
        "EMPTY": make_workspace(alice.team).id,
        "WORKSPACE": service.workspace_id,
        "FOLDER": make_folder(tmp_path, "another"),
        "GIT": project,
    }
    return {name: str(value) for name, value in found.items()}


def everything() -> str:
    """An analysis is what was seen in a folder, and nothing that was done."""
    tokens = list(ApiToken.objects.order_by("pk").values())
    return f"{state(but={'Analysis'})}{tokens}{list(SignInLink.objects.values())}"


def test_every_route_that_writes_is_asked() -> None:
    writes = {
        (method, address)
        for address, view in views(urlpatterns)
        for method in WRITING
        if hasattr(view, method)
    }

    asked = {(method, as_route(address)) for method, address in REQUESTS}
    assert asked | ASKED_ELSEWHERE == writes


@pytest.mark.parametrize(("method", "address"), REQUESTS)
def test_what_writes_leaves_an_entry(
    api: Api, ids: dict[str, str], method: str, address: str
) -> None:
    body, action = REQUESTS[method, address]
    before = set(AuditEntry.objects.values_list("pk", flat=True))

    answer = ask(api, method, f"/api/v1/{filled(address, ids)}", with_ids(body, ids))

    left = AuditEntry.objects.exclude(pk__in=before)
    assert answer.status_code < 300, answer.content
    assert action in {entry.action for entry in left}
    assert {entry.user_name for entry in left} == {"alice"}
    # Another team is not told which token of this one it was.
    known = {entry.team_id: entry.token_prefix for entry in left}
    assert known.pop(api.team.id, api.token[:12]) == api.token[:12]
    assert set(known.values()) <= {""}
    assert {entry.request_id for entry in left} == {answer.headers["X-Request-ID"]}


@pytest.mark.parametrize(("method", "address"), REQUESTS)
def test_what_cannot_be_noted_is_not_done(
    api: Api,
    ids: dict[str, str],
    method: str,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    api.get("/api/v1/me")
    before = everything()

    def full(*_: Any, **__: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(AuditEntry, "save", full)
    body = with_ids(REQUESTS[method, address][0], ids)
    answer = ask(api, method, f"/api/v1/{filled(address, ids)}", body)

    assert answer.status_code == 500
    assert everything() == before


def test_a_view_cannot_forget_to_say_what_it_does() -> None:
    with pytest.raises(KeyError):
        type("Forgetful", (TeamView,), {"post": lambda *_: None})


def test_a_folder_that_is_known_already_is_noted_all_the_same(
    api: Api, workspace: Workspace
) -> None:
    api.post(api.at("/workspaces"), {"workspace": {"folder": workspace.root}})

    entry = AuditEntry.objects.filter(action="workspace.create").get()
    assert (entry.kind, entry.object_id) == ("workspace", str(workspace.id))
