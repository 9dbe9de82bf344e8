"""Made from the table of routes: no team route tells or changes anything of another team."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model
from django.urls import URLPattern, URLResolver

from services.api.urls import one_team
from services.models import Service
from tests.conftest import Api, Person
from tests.factories import (
    make_build,
    make_event,
    make_invitation,
    make_operation,
    make_release,
    make_token,
)
from tests.services.api.writing import ask, body_of, filled

METHODS = ("get", "post", "put", "patch", "delete")
SHARED = {
    "",
    "/leave",
    "/audit",
    "/builds",
    "/clean",
    "/events",
    "/image-mappings",
    "/invitations",
    "/members",
    "/operations",
    "/services",
    "/tokens",
    "/workspaces",
    "/workspaces/archive",
    "/workspaces/git",
}


def addresses(routes: list[Any], prefix: str = "") -> Iterator[str]:
    for route in routes:
        here = prefix + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from addresses(route.url_patterns, here)
        elif isinstance(route, URLPattern):
            yield here


ADDRESSES = sorted(addresses(one_team))


@pytest.fixture
def ids(alice: Person, service: Service) -> dict[str, str]:
    """One of everything that is alice's."""
    make_event(alice.team, 1, service=service)
    make_token(alice.team, alice.user)
    build = make_build(service, "secret", operation=make_operation(service))
    found = {
        "service_id": service.id,
        "workspace_id": service.workspace_id,
        "operation_id": build.operation_id,
        "build_id": build.id,
        "token_id": alice.team.tokens.latest("created_at").id,
        "invitation_id": make_invitation(alice.team, alice.user)[0].id,
    }
    keys = {f"<key:{name}>": str(value) for name, value in found.items()}
    numbers = {"<int:number>": make_release(service).number, "<user:user_id>": alice.user.pk}
    return keys | {name: str(value) for name, value in numbers.items()}


def state(*, but: Collection[str] = ()) -> dict[str, list[Any]]:
    """All rows of all tables, but for when the asking token was used last."""
    ours = [kind for app in ("services", "teams") for kind in apps.get_app_config(app).get_models()]
    found = {}
    with connection.cursor() as cursor:
        for kind in ours:
            if kind.__name__ not in but:
                cursor.execute(_all_of(kind))
                found[kind.__name__] = cursor.fetchall()
    return found


@cache
def _all_of(kind: type[Model]) -> str:
    """Kept, because these tests ask hundreds of times for every table."""
    names = [field.attname for field in kind._meta.concrete_fields if field.name != "last_used_at"]
    return str(kind._base_manager.order_by("pk").values_list(*names).query)


def test_what_is_compared_is_everything() -> None:
    names = {kind.__name__ for kind in apps.get_models()}
    ours = {k.__name__ for a in ("services", "teams") for k in apps.get_app_config(a).get_models()}

    assert ours >= {"ApiToken", "Build", "Release", "AuditEntry", "Analysis", "Invitation"}
    assert names - ours == {"User", "Group", "Permission", "ContentType", "Session"}


def test_whatever_changes_is_seen(service: Service) -> None:
    before = state()
    assert state() == before

    service.environment = {"A": "1"}
    service.save()

    after = state()
    assert [kind for kind in after if after[kind] != before[kind]] == ["Service"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_another_team_in_the_address_is_not_found(
    stranger: Api, alice: Person, ids: dict[str, str], address: str
) -> None:
    path = f"/api/v1/teams/{alice.team.id}{filled(address, ids)}"
    before = state()

    for method in METHODS:
        body = body_of(method, address)
        same = ask(stranger, method, path, body, HTTP_X_TEAM_ID=str(alice.team.id))
        other = ask(stranger, method, path, body)
        assert (same.status_code, other.status_code) in {(404, 403), (405, 405)}, method
    assert state() == before


@pytest.mark.parametrize("address", [a for a in ADDRESSES if a not in SHARED])
def test_another_team_s_ids_under_one_s_own_team_are_not_found(
    stranger: Api, ids: dict[str, str], address: str
) -> None:
    before = state()

    for method in METHODS:
        url = stranger.at(filled(address, ids))
        answer = ask(stranger, method, url, body_of(method, address))
        assert answer.status_code in {404, 405}, (method, answer.content)
    assert state() == before


def test_a_strange_team_and_none_are_the_same_answer(stranger: Api, alice: Person) -> None:
    def answer(team: str) -> Any:
        got = stranger.get(f"/api/v1/teams/{team}/services", HTTP_X_TEAM_ID=team).json()
        return got["error"] | {"request_id": ""}

    assert answer(str(alice.team.id)) == answer("12345678-1234-4234-8234-123456789012")


def test_what_is_shared_has_nobody_s_id_in_it() -> None:
    """So that no address of one's own things can be left out of the tests above."""
    assert [address for address in SHARED if "<" in address] == []
    assert set(ADDRESSES) >= SHARED
