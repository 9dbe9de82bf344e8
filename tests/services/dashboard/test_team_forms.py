"""What the forms of a team's pages do, and what they refuse."""

from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from services.models import AuditEntry
from services.teams import limits
from services.teams.models import ApiToken, Invitation, Membership, Role, Team
from tests.conftest import Person
from tests.factories import make_member, make_service, make_team, make_token, make_workspace
from tests.services.dashboard.test_team_pages import state


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

    assert "alpha is not empty: 1 service, 1 workspace:" in page


def test_pages_count_as_requests_of_the_team(
    mine: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KYOZO = settings.KYOZO | {"RATE_LIMITS": True}
    monkeypatch.setitem(limits.PLANS, "standard", 2)
    fields = {"name": "ci", "scope": "read"}

    answers = [mine.post("/teams/alpha/tokens", fields) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[2].headers["Retry-After"]) > 0
    assert ApiToken.objects.count() == 2
