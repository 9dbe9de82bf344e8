"""Every list in pages: everything once, newest or first as it says, forged cursors refused."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from services.models import Build, Operation, Service
from services.teams.models import ApiToken
from tests.conftest import Api, Person
from tests.factories import (
    make_build,
    make_event,
    make_invitation,
    make_operation,
    make_release,
    make_token,
    make_workspace,
)

COUNT = 5


@pytest.fixture
def filled(alice: Person, api: Api, service: Service) -> Service:
    """Five of everything, the tokens with that of alice's client and one workspace more."""
    for number in range(COUNT):
        make_build(service, operation=make_operation(service, state="succeeded"))
        make_release(service)
        make_event(alice.team, number + 1, service=service)
        make_token(alice.team, alice.user)
        make_workspace(alice.team, name=f"shop {number}")
        make_invitation(alice.team, alice.user)
    return service


LISTS = [
    *("/operations", "/builds", "/tokens", "/workspaces", "/services/{id}/releases"),
    *("/invitations", "/audit"),
]


def walk(api: Api, path: str, **params: Any) -> list[list[str]]:
    """The ids (of releases the numbers) of all pages, page by page."""
    pages: list[list[str]] = []
    while not pages or params["after"]:
        answer = api.get(api.at(path), params)
        assert answer.status_code == 200, answer.content
        pages.append([str(row.get("id", row.get("number"))) for row in answer.json()["data"]])
        params["after"] = answer.json()["meta"]["next"] or ""
    return pages


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("path", LISTS)
def test_pages_show_everything_once(filled: Service, api: Api, path: str, order: str) -> None:
    path = path.format(id=filled.id)

    (whole,) = walk(api, path, sort_order=order)
    pages = walk(api, path, sort_order=order, limit=2)

    assert [len(page) for page in pages[:-1]] == [2] * (len(pages) - 1)
    assert [row for page in pages for row in page] == whole
    assert len(set(whole)) == len(whole) >= COUNT


@pytest.mark.parametrize(
    ("path", "params", "count"),
    [
        ("/operations", {"kind": "deploy"}, COUNT),
        ("/operations", {"kind": "stop"}, 0),
        ("/builds", {"state": "running"}, COUNT),
        ("/builds", {"state": "failed"}, 0),
        ("/builds", {"service_id": "no id"}, 0),
        ("/tokens", {"scope": "read"}, 0),
        ("/tokens", {"is_revoked": "true"}, 0),
        ("/tokens", {"is_revoked": "false", "search": "TESTS"}, COUNT + 1),
        ("/workspaces", {"search": "SHOP"}, COUNT),
        ("/workspaces", {"storage_backend": "git"}, 0),
        ("/events", {"event": "service_status_changed"}, 0),
        ("/events", {"event_type": "deployment_started"}, COUNT),
        ("/events", {"before": 3}, 2),
        ("/events", {"since": 1, "before": 3}, 1),
    ],
)
def test_a_list_can_be_narrowed(
    filled: Service, api: Api, path: str, params: Any, count: int
) -> None:
    assert len(api.get(api.at(path), params).json()["data"]) == count


def test_the_events_before_one_are_the_latest_of_them(filled: Service, api: Api) -> None:
    rows = api.get(api.at("/events"), {"before": 5, "limit": 2}).json()["data"]

    assert [row["sequence_number"] for row in rows] == [3, 4]


def test_rows_of_one_moment_are_neither_lost_nor_doubled(filled: Service, api: Api) -> None:
    Operation.objects.update(created_at=timezone.now())
    Build.objects.update(started_at=timezone.now() - timedelta(hours=1))

    for path in ("/operations", "/builds"):
        assert len({row for page in walk(api, path, limit=1) for row in page}) == COUNT


def forged(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


ID = "12345678-1234-4234-8234-123456789012"


@pytest.mark.parametrize(
    "after",
    [
        "W10=",
        "x" * 5000,
        base64.urlsafe_b64encode(b"[" * 5000).decode(),
        forged("created_at", "yesterday", ID),
        forged("created_at", "2030-01-01T00:00:00", ID),
        forged("created_at", "0001-01-01T00:00:00+14:00", ID),
        forged("created_at", "9999-12-31T23:59:59-14:00", ID),
        forged("created_at", "2030-01-01T00:00:00Z", "no id"),
        forged("created_at", 5, ID),
        forged("hash", "a", ID),
        forged(["created_at"], "a", ID),
        forged("user__password", "a", ID),
    ],
)
@pytest.mark.parametrize("path", ["/operations", "/tokens", "/services"])
def test_a_forged_cursor_is_refused(filled: Service, api: Api, path: str, after: str) -> None:
    answer = api.get(api.at(path), {"after": after})

    assert answer.status_code == 400, answer.content
    assert set(answer.json()["error"]["details"]) == {"after"}


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_no_text_that_a_database_refuses_reaches_one(api: Api, text: str) -> None:
    after = forged("name", text, ID)

    assert api.get(api.at("/workspaces"), {"after": after}).status_code == 400


@pytest.mark.parametrize("value", ["x", "1.5", "9" * 5000])
def test_a_forged_number_of_a_release_is_refused(filled: Service, api: Api, value: str) -> None:
    path = api.at(f"/services/{filled.id}/releases")

    assert api.get(path, {"after": forged("number", value, ID)}).status_code == 400


def test_a_cursor_of_another_order_is_refused(filled: Service, api: Api) -> None:
    first = api.get(api.at("/workspaces"), {"limit": 1}).json()["meta"]["next"]

    answer = api.get(api.at("/workspaces"), {"after": first, "sort_by": "created_at"})

    assert answer.status_code == 400


def test_a_cursor_of_another_team_shows_nothing_of_it(
    filled: Service, api: Api, stranger: Api
) -> None:
    after = api.get(api.at("/operations"), {"limit": 1}).json()["meta"]["next"]

    assert stranger.get(stranger.at("/operations"), {"after": after}).json()["data"] == []


@pytest.mark.parametrize(("path", "queries"), [("/builds", 1), ("/tokens", 1), ("/workspaces", 1)])
@pytest.mark.parametrize("limit", [1, 5])
def test_the_number_of_queries_does_not_grow(
    filled: Service,
    api: Api,
    django_assert_num_queries: DjangoAssertNumQueries,
    path: str,
    queries: int,
    limit: int,
) -> None:
    api.get("/api/v1/me")

    with django_assert_num_queries(queries):
        assert len(api.get(api.at(path), {"limit": limit}).json()["data"]) == limit


def test_a_list_of_builds_leaves_their_dockerfiles_out(filled: Service, api: Api) -> None:
    row = api.get(api.at("/builds")).json()["data"][0]

    assert row["service_id"] == str(filled.id)
    assert "dockerfile" not in row


def test_a_revoked_token_can_be_looked_for(filled: Service, api: Api) -> None:
    gone = ApiToken.objects.latest("created_at")
    ApiToken.objects.filter(pk=gone.pk).update(revoked_at=timezone.now())

    (row,) = api.get(api.at("/tokens"), {"is_revoked": "true"}).json()["data"]

    assert row["id"] == str(gone.pk)
