"""The pages of a team, as forms without a script send and get them: who sees and does what."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern

from services.dashboard.urls import one_team
from services.models import AuditEntry
from services.teams.models import (
    ROLE_SCOPE,
    ApiToken,
    Invitation,
    Membership,
    Role,
    Scope,
    Team,
    allows,
)
from tests.conftest import Person
from tests.factories import (
    make_invitation,
    make_member,
    make_token,
    make_workspace,
)

HOSTILE = "<img src=x onerror=alert(1)>\"'<script>alert(2)</script>"
# Of every page and form of a team: what it needs, and what is sent to it.
PAGES: dict[str, Scope] = {
    "": Scope.READ,
    "/tokens": Scope.READ,
    "/members": Scope.READ,
    "/invitations": Scope.ADMIN,
    "/audit": Scope.ADMIN,
}
FORMS: dict[str, tuple[Scope, dict[str, str]]] = {
    "/rename": (Scope.ADMIN, {"name": "renamed"}),
    "/create": (Scope.ADMIN, {"name": "another"}),
    "/leave": (Scope.READ, {}),
    "/remove": (Scope.ADMIN, {}),
    "/tokens": (Scope.READ, {"name": "mine", "scope": "read"}),
    "/tokens/TOKEN/revoke": (Scope.ADMIN, {}),
    "/members/MEMBER/role": (Scope.ADMIN, {"role": "viewer"}),
    "/members/MEMBER/remove": (Scope.ADMIN, {}),
    "/invitations": (Scope.ADMIN, {"role": "viewer", "email": "", "days": "7"}),
    "/invitations/INVITATION/revoke": (Scope.ADMIN, {}),
}


@pytest.fixture
def ids(alice: Person, bob: Person) -> dict[str, str]:
    """What is alice's, and bob on her team."""
    make_token(alice.team, alice.user)
    invitation, _ = make_invitation(alice.team, alice.user)
    return {
        "TOKEN": str(ApiToken.objects.get(team=alice.team).pk),
        "MEMBER": str(bob.user.pk),
        "INVITATION": str(invitation.pk),
    }


def filled(address: str, ids: dict[str, str], slug: str = "alpha") -> str:
    for name, value in ids.items():
        address = address.replace(name, value)
    return f"/teams/{slug}{address}"


def state() -> list[Any]:
    kinds = (Team, Membership, Invitation, ApiToken, AuditEntry)
    return [list(kind.objects.order_by("pk").values()) for kind in kinds]


def test_every_page_and_form_is_in_these_tables() -> None:
    words = {
        "<uuid:token_id>": "TOKEN",
        "<int:user_id>": "MEMBER",
        "<uuid:invitation_id>": "INVITATION",
    }
    found = set()
    for route in one_team:
        assert isinstance(route, URLPattern)
        address = str(route.pattern)
        for known, word in words.items():
            address = address.replace(known, word)
        found.add(address)

    assert found == PAGES.keys() | FORMS.keys()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_for_those_whose_role_reaches(
    alice: Person, sign_in: Callable[..., Client], address: str, role: Role
) -> None:
    browser = sign_in(Person(make_member(alice.team, role=role), alice.team))

    answer = browser.get(filled(address, {}))

    expected = 200 if allows(ROLE_SCOPE[role], PAGES[address]) else 403
    assert answer.status_code == expected
    links = answer.content.decode()
    assert ("/invitations" in links) is (ROLE_SCOPE[role] == Scope.ADMIN)


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
@pytest.mark.parametrize("address", FORMS)
def test_a_form_that_is_sent_by_hand_does_no_more_than_the_role(
    alice: Person, ids: dict[str, str], sign_in: Callable[..., Client], address: str, role: Role
) -> None:
    need, fields = FORMS[address]
    browser = sign_in(Person(make_member(alice.team, role=role), alice.team))
    before = state()

    answer = browser.post(filled(address, ids), fields)

    is_allowed = need == Scope.READ
    assert (answer.status_code in {200, 302}) is is_allowed
    assert answer.status_code in {200, 302, 403, 404}
    assert (state() == before) is not is_allowed


@pytest.mark.parametrize("address", [*PAGES, *FORMS])
def test_to_others_a_team_is_as_one_that_never_was(
    charlie: Person, ids: dict[str, str], sign_in: Callable[..., Client], address: str
) -> None:
    browser = sign_in(charlie)
    before = state()

    for ask in (browser.get, browser.post):
        own, none = (ask(filled(address, ids, slug)) for slug in ("alpha", "never-was"))
        assert own.status_code == none.status_code
        assert own.status_code in {404, 405}
        assert own.content == none.content
    assert state() == before


@pytest.mark.parametrize("address", [one for one in FORMS if one[-6:] in {"revoke", "e/role"}])
def test_what_is_of_another_team_is_not_found_in_one_s_own(
    charlie: Person, ids: dict[str, str], sign_in: Callable[..., Client], address: str
) -> None:
    before = state()

    answer = sign_in(charlie).post(filled(address, ids, "others"), FORMS[address][1])

    assert answer.status_code == 404
    assert state() == before


@pytest.mark.parametrize("address", FORMS)
def test_a_form_must_be_the_page_s_own(
    alice: Person, ids: dict[str, str], sign_in: Callable[..., Client], address: str
) -> None:
    browser, before = sign_in(alice, enforce_csrf_checks=True), state()

    assert browser.post(filled(address, ids), FORMS[address][1]).status_code == 403
    assert state() == before


@pytest.mark.parametrize("address", [one for one in FORMS if one not in PAGES])
def test_a_link_changes_nothing(mine: Client, ids: dict[str, str], address: str) -> None:
    before = state()

    assert mine.get(filled(address, ids)).status_code == 405
    assert state() == before


def test_who_is_not_signed_in_comes_back_to_the_page(client: Client, alice: Person) -> None:
    answer = client.get("/teams/alpha/audit?actor=bob")

    assert answer.status_code == 302
    assert answer.headers["Location"] == "/sign-in?next=%2Fteams%2Falpha%2Faudit%3Factor%3Dbob"
    assert client.post("/teams/alpha/leave").headers["Location"] == "/sign-in?"


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_strict_and_without_inline_code(mine: Client, address: str) -> None:
    answer = mine.get(filled(address, {}))
    page = answer.content.decode()

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert page.count("<script") == page.count('<script type="module" src="/static/') == 1
    assert "style=" not in page
    assert page.count("<form") == page.count("csrfmiddlewaretoken") + page.count('method="get"')


@pytest.mark.parametrize("address", [*PAGES, "/audit?actor=%3Cscript%3E&object=%22%3E%3Cmark"])
def test_names_are_text(mine: Client, alice: Person, address: str) -> None:
    alice.team.name = HOSTILE
    alice.team.save()
    alice.user.username = HOSTILE
    alice.user.save()
    make_workspace(alice.team, name=HOSTILE)
    make_token(alice.team, alice.user)
    ApiToken.objects.update(name=HOSTILE)
    make_invitation(alice.team, alice.user)
    Invitation.objects.update(email=HOSTILE)
    mine.post("/teams/alpha/tokens", {"name": HOSTILE, "scope": "read"})

    page = mine.get(f"/teams/alpha{address}").content.decode()

    assert "&lt;img src=x" in page
    assert "<img src=x" not in page
    assert "<script>" not in page
    assert "<mark" not in page
