"""Made from the table of routes: who may do what, by role of the member and scope of the token."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver

from services.api.urls import urlpatterns
from services.models import Service
from services.teams.models import ROLE_SCOPE, Membership, Role, Scope, allows
from tests.conftest import Api, Person
from tests.services.api.test_isolation import ids, state
from tests.services.api.writing import filled

__all__ = ["ids"]  # the fixture: one of everything that is alice's
OPEN_TO_ALL = {"health/live", "health/ready", "invitations/accept", "openapi.json"}
NO_VIEW = {""}  # every other address: a 404


def views(routes: list[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for route in routes:
        here = prefix + str(route.pattern)
        if isinstance(route, URLResolver):
            yield from views(route.url_patterns, here)
        elif isinstance(route, URLPattern):
            yield here, getattr(route.callback, "view_class", None)


ASKS = [
    (address, method.lower(), need)
    for address, view in views(urlpatterns)
    if address not in OPEN_TO_ALL | NO_VIEW
    for method, need in sorted(view.scopes.items())
    if hasattr(view, method.lower())
]


def test_every_route_belongs_to_a_view_that_says_who_may() -> None:
    silent = [
        address
        for address, view in views(urlpatterns)
        if address not in OPEN_TO_ALL | NO_VIEW and not getattr(view, "scopes", None)
    ]

    assert silent == []


def test_every_method_of_every_view_is_in_its_table() -> None:
    methods = ("get", "post", "put", "patch", "delete")
    forgotten = [
        (address, method)
        for address, view in views(urlpatterns)
        if address not in OPEN_TO_ALL | NO_VIEW
        for method in methods
        if hasattr(view, method) and method.upper() not in view.scopes
    ]

    assert forgotten == []


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize(("address", "method", "need"), ASKS)
def test_a_token_reaches_as_far_as_its_scope(
    alice: Person, ids: dict[str, str], address: str, method: str, need: Scope, scope: Scope
) -> None:
    api = Api(alice, scope=scope)
    before = state()

    answer = ask(api, address, method, ids)

    assert (answer.status_code == 403) is not allows(scope, need), answer.content
    assert answer.status_code != 403 or state() == before


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("address", "method", "need"), ASKS)
def test_a_role_caps_even_an_admin_token(
    alice: Person, ids: dict[str, str], address: str, method: str, need: Scope, role: Role
) -> None:
    api = Api(alice, scope=Scope.ADMIN)
    Membership.objects.filter(user=alice.user).update(role=role)
    before = state()

    answer = ask(api, address, method, ids)

    assert (answer.status_code == 403) is not allows(ROLE_SCOPE[role], need), answer.content
    assert answer.status_code != 403 or state() == before


@pytest.mark.parametrize(("address", "method", "need"), ASKS)
def test_who_is_no_member_any_more_finds_nothing(
    alice: Person, service: Service, ids: dict[str, str], address: str, method: str, need: Scope
) -> None:
    api = Api(alice)
    Membership.objects.all().delete()
    before = state()

    assert ask(api, address, method, ids).status_code in {401, 404}
    assert state() == before


def ask(api: Api, address: str, method: str, ids: dict[str, str]) -> Any:
    whole = filled(address, ids | {"<key:team_id>": str(api.team.id)})
    return getattr(api, method)(f"/api/v1/{whole}", {"no such field": 1})
