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
    make_service,
    make_team,
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
def sign_in() -> Callable[..., Client]:
    def client(person: Person, **options: Any) -> Client:
        browser = Client(**options)
        browser.force_login(person.user)
        return browser

    return client


@pytest.fixture
def mine(sign_in: Callable[..., Client], alice: Person) -> Client:
    """Alice's browser."""
    return sign_in(alice)


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


def test_a_token_is_shown_once(mine: Client, alice: Person) -> None:
    workspace = make_workspace(alice.team, name="shop")
    fields = {"name": "ci", "scope": "deploy", "workspace": workspace.pk, "expires": "2099-01-31"}

    page = mine.post("/teams/alpha/tokens", fields).content.decode()

    text = page.partition('value="kyozo_')[2].partition('"')[0]
    token = ApiToken.objects.all().find(f"kyozo_{text}")
    assert token is not None
    assert (token.name, token.scope, token.workspace) == ("ci", "deploy", workspace)
    assert str(token.expires_at) == "2099-01-31 23:59:59.999999+00:00"
    assert text not in mine.get("/teams/alpha/tokens").content.decode()
    entry = AuditEntry.objects.get(action="token.create")
    assert (entry.user_name, entry.token_prefix, entry.address) == ("alice", "", "127.0.0.1")


@pytest.mark.parametrize(
    "fields",
    [
        *({}, {"name": ""}, {"name": "x" * 101}, {"name": "a\x00b"}, {"name": "a\u202eb"}),
        *({"scope": "owner"}, {"scope": ""}, {"workspace": "x"}, {"expires": "yesterday"}),
        *({"expires": "2001-01-31"}, {"expires": "99999-01-31"}, {"workspace": "0" * 32}),
    ],
)
def test_what_is_no_token_is_told_and_not_made(mine: Client, fields: dict[str, str]) -> None:
    whole = {"name": "ci", "scope": "read", "workspace": "", "expires": ""}
    answer = mine.post("/teams/alpha/tokens", (whole | fields) if fields else {})

    assert answer.status_code in {404, 422}
    assert 'role="alert"' in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_another_team_s_workspace_is_none(mine: Client, charlie: Person) -> None:
    theirs = make_workspace(charlie.team, name="theirs")
    fields = {"name": "ci", "scope": "read", "workspace": theirs.pk}

    assert mine.post("/teams/alpha/tokens", fields).status_code == 404
    assert "theirs" not in mine.get("/teams/alpha/tokens").content.decode()


def test_a_viewer_makes_no_strong_token(alice: Person, sign_in: Callable[..., Client]) -> None:
    browser = sign_in(Person(make_member(alice.team, role=Role.VIEWER), alice.team))
    assert '<option value="deploy"' not in browser.get("/teams/alpha/tokens").content.decode()

    answer = browser.post("/teams/alpha/tokens", {"name": "ci", "scope": "deploy"})

    assert answer.status_code == 403
    assert not ApiToken.objects.exists()


def test_a_developer_sees_and_revokes_their_own_tokens(
    bob: Person, alice: Person, sign_in: Callable[..., Client]
) -> None:
    make_token(alice.team, alice.user)
    make_token(bob.team, bob.user)
    ApiToken.objects.filter(user=alice.user).update(name="hers")
    own = ApiToken.objects.get(user=bob.user)
    browser = sign_in(bob)

    assert "hers" not in browser.get("/teams/alpha/tokens").content.decode()
    done = browser.post(f"/teams/alpha/tokens/{own.pk}/revoke", follow=True)

    assert "It is revoked" in done.content.decode()
    own.refresh_from_db()
    assert own.revoked_at is not None


def test_an_administrator_rules_over_all_but_owners(
    alice: Person, bob: Person, sign_in: Callable[..., Client]
) -> None:
    admin = Person(make_member(alice.team, "dora", role=Role.ADMIN), alice.team)
    make_token(alice.team, alice.user)
    token = ApiToken.objects.get(user=alice.user)
    browser = sign_in(admin)
    asked = {
        f"/teams/alpha/members/{alice.user.pk}/role": {"role": "viewer"},
        f"/teams/alpha/members/{alice.user.pk}/remove": {},
        f"/teams/alpha/members/{admin.user.pk}/role": {"role": "owner"},
        f"/teams/alpha/tokens/{token.pk}/revoke": {},
        "/teams/alpha/invitations": {"role": "owner", "email": "", "days": "1"},
        "/teams/alpha/remove": {},
    }
    before = state()

    statuses = {address: browser.post(address, body).status_code for address, body in asked.items()}

    assert set(statuses.values()) <= {403, 409}, statuses
    assert state() == before
    assert f"/members/{alice.user.pk}/" not in browser.get("/teams/alpha/members").content.decode()
    done = browser.post(f"/teams/alpha/members/{bob.user.pk}/role", {"role": "viewer"}, follow=True)
    assert "The role is changed" in done.content.decode()
    assert Membership.objects.get(user=bob.user).role == Role.VIEWER


def test_a_member_is_removed_and_the_last_owner_is_not(
    mine: Client, alice: Person, bob: Person
) -> None:
    assert mine.post(f"/teams/alpha/members/{alice.user.pk}/remove").status_code == 409
    done = mine.post(f"/teams/alpha/members/{bob.user.pk}/remove", follow=True)

    assert "The member is removed" in done.content.decode()
    assert [row.user for row in Membership.objects.filter(team=alice.team)] == [alice.user]
    assert mine.post(f"/teams/alpha/members/{10**30}/remove").status_code == 404


def test_an_invitation_s_link_is_shown_once_and_revoked(mine: Client) -> None:
    fields = {"role": "developer", "email": "frida@example.com", "days": "30"}

    page = mine.post("/teams/alpha/invitations", fields).content.decode()

    link = page.partition('value="http://testserver/join/')[2].partition('"')[0]
    assert link.startswith("kyozo_invite_")
    assert link not in mine.get("/teams/alpha/invitations").content.decode()
    invitation = Invitation.objects.get()
    mine.post(f"/teams/alpha/invitations/{invitation.pk}/revoke")
    assert Client().get(f"/join/{link}").status_code == 404


@pytest.mark.parametrize(
    "fields", [{"role": "king"}, {"email": "no address"}, {"days": "31"}, {"days": "-1"}, {}]
)
def test_what_is_no_invitation_is_told(mine: Client, fields: dict[str, str]) -> None:
    whole = {"role": "viewer", "email": "", "days": "7"}

    answer = mine.post("/teams/alpha/invitations", (whole | fields) if fields else {})

    assert answer.status_code == 422
    assert not Invitation.objects.exists()


def test_the_log_is_narrowed_and_leafed_through(mine: Client, alice: Person) -> None:
    for number in range(60):
        mine.post("/teams/alpha/tokens", {"name": f"token-{number:02}", "scope": "read"})

    first = mine.get("/teams/alpha/audit?action=token.create").content.decode()
    older = first.partition('href="?')[2].partition('"')[0].replace("&amp;", "&")
    second = mine.get(f"/teams/alpha/audit?{older}").content.decode()

    names = [f"token-{n:02}" for n in range(60)]
    assert [name for name in names if name in first] == names[10:]
    assert [name for name in names if name in second] == names[:10]
    assert "Older entries" not in second
    alone = mine.get("/teams/alpha/audit?object=token-07").content.decode()
    assert [name for name in names if name in alone] == ["token-07"]
    assert "token-" not in mine.get("/teams/alpha/audit?until=2001-01-31").content.decode()


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        *(("since=tomorrow", 422), ("before=x", 422), ("action=" + "x" * 41, 422)),
        *(("actor=%00", 422), ("until=9999-12-31&since=0001-01-01", 200), ("nonsense=1", 200)),
        ("before=01234567-89ab-cdef-0123-456789abcdef", 200),
    ],
)
def test_what_cannot_be_looked_for_is_told(mine: Client, asked: str, status: int) -> None:
    assert mine.get(f"/teams/alpha/audit?{asked}").status_code == status


def test_another_team_s_log_is_not_in_one_s_own(mine: Client, charlie: Person) -> None:
    make_token(charlie.team, charlie.user)
    theirs = AuditEntry.objects.get(team=charlie.team)

    assert "for tests" not in mine.get("/teams/alpha/audit").content.decode()
    page = mine.get(f"/teams/alpha/audit?before={theirs.pk}").content.decode()
    assert "for tests" not in page


def test_a_team_is_made_and_switched_to(mine: Client, alice: Person) -> None:
    made = mine.post("/teams/alpha/create", {"name": "Second"}, follow=True).content.decode()

    assert "<h1>Second</h1>" in made
    assert '<nav aria-label="Teams">' in made
    home = mine.get("/?team=second").content.decode()
    assert f'data-team="{Team.objects.get(slug="second").pk}"' in home
    assert '<a href="/?team=alpha"' in home


def test_a_team_is_renamed_left_and_removed(mine: Client, alice: Person) -> None:
    assert "The team is renamed" in (
        mine.post("/teams/alpha/rename", {"name": "Omega"}, follow=True).content.decode()
    )
    assert mine.post("/teams/alpha/leave").status_code == 409
    assert mine.post("/teams/alpha/remove").status_code == 409
    make_team("another")
    assert mine.post("/teams/alpha/remove", follow=True).status_code == 200
    assert not Team.objects.living().filter(slug="alpha").exists()
    assert mine.get("/teams/alpha").status_code == 404


def test_a_team_with_something_in_it_says_what(mine: Client, alice: Person) -> None:
    make_team("another")
    make_service(alice.team)

    page = mine.post("/teams/alpha/remove").content.decode()

    assert "1 services, 1 workspaces" in page
