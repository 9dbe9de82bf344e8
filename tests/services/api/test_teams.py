"""/teams: who makes them, who sees them, and what has to be gone before one goes"""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client

from services.accounts import teams
from services.accounts.members import leave
from services.accounts.sign_in import create_link
from services.accounts.teams import create_team, remove_team, slug
from services.errors import ConflictError, NotFoundError
from services.lifecycle.workspaces import create
from services.models import AuditEntry, Service, Workspace
from services.teams.models import ApiToken, Invitation, Membership, Role, Scope, Team
from tests.conftest import Api, Person
from tests.factories import (
    make_invitation,
    make_member,
    make_service,
    make_team,
    make_token,
    make_workspace,
)
from tests.services.at_once import outcomes

AsPerson = Callable[..., Api]
TEAMS = "/api/v1/teams"
HOSTILE = "<script>alert(1)</script> & \"quotes'"


def signed_in(person: Person) -> Client:
    browser = Client()
    browser.force_login(person.user)
    return browser


def post(browser: Client, path: str, body: Any, team: str = "") -> Any:
    headers = {"X-Team-ID": team} if team else {}
    return browser.post(path, body, content_type="application/json", headers=headers)


def test_a_team_is_made_with_its_maker_as_owner(api: Api, alice: Person) -> None:
    answer = api.post(TEAMS, {"name": "The Shop!"})
    made = answer.json()["data"]

    assert answer.status_code == 201
    assert (made["name"], made["slug"], made["role"], made["token"]) == (
        *("The Shop!", "the-shop", "owner"),
        None,
    )
    member = Membership.objects.get(team_id=made["id"])
    assert (member.user, member.role) == (alice.user, Role.OWNER)


def test_its_first_token_opens_it_and_nothing_else(api: Api, alice: Person) -> None:
    made = api.post(TEAMS, {"name": "second", "token_name": "laptop"}).json()["data"]
    own = Client(headers={"X-API-Key": made["token"], "X-Team-ID": made["id"]})

    assert own.get(f"{TEAMS}/{made['id']}/services").status_code == 200
    token = ApiToken.objects.get(team_id=made["id"])
    assert (token.name, token.scope, token.user) == ("laptop", "admin", alice.user)
    theirs = {"X-API-Key": made["token"], "X-Team-ID": str(alice.team.id)}
    assert Client(headers=theirs).get(f"{TEAMS}/{alice.team.id}/services").status_code == 404


def test_a_token_sees_its_own_team_only(api: Api, alice: Person) -> None:
    create_team("second", by=alice.user)

    assert [team["name"] for team in api.get(TEAMS).json()["data"]] == ["alpha"]


def test_a_session_sees_all_teams_of_its_person(alice: Person, charlie: Person) -> None:
    create_team("Second", by=alice.user)
    Membership.objects.create(team=charlie.team, user=alice.user, role=Role.VIEWER)
    make_team("strange")
    browser = signed_in(alice)

    found = browser.get(TEAMS).json()["data"]
    assert {team["name"]: team["role"] for team in found} == {
        "Second": "owner",
        "alpha": "owner",
        "others": "viewer",
    }
    assert [t["name"] for t in browser.get(f"{TEAMS}?search=SEC").json()["data"]] == ["Second"]


def test_the_list_comes_in_pages(alice: Person) -> None:
    for name in ("b", "c", "d"):
        create_team(name, by=alice.user)
    browser = signed_in(alice)
    pages: list[Any] = [browser.get(f"{TEAMS}?limit=1").json()]
    for _ in range(3):
        after = pages[-1]["meta"]["next"]
        pages.append(browser.get(f"{TEAMS}?limit=1&after={after}").json())

    names = [team["name"] for page in pages for team in page["data"]]
    assert pages[-1]["meta"]["next"] is None
    assert names == ["alpha", "b", "c", "d"]


def test_a_session_of_one_team_sees_that_and_those_it_makes(alice: Person) -> None:
    create_team("hidden", by=alice.user)
    browser = Client()
    browser.post(f"/sign-in/{create_link(alice.user, team=alice.team)}")

    made = post(browser, TEAMS, {"name": "made"})

    assert made.status_code == 201
    assert [team["name"] for team in browser.get(TEAMS).json()["data"]] == ["alpha", "made"]
    assert browser.get(f"{TEAMS}/{made.json()['data']['id']}/services").status_code == 200


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.VIEWER])
def test_only_administrators_of_a_team_make_another(alice: Person, role: Role) -> None:
    person = Person(make_member(alice.team, role=role), alice.team)

    assert post(signed_in(person), TEAMS, {"name": "mine"}).status_code == 403
    assert not Team.objects.filter(name="mine").exists()


def test_a_session_may_name_the_team_in_which_it_rules(alice: Person, charlie: Person) -> None:
    dora = Person(make_member(charlie.team, "dora", role=Role.VIEWER), charlie.team)
    Membership.objects.create(team=alice.team, user=dora.user, role=Role.ADMIN)
    browser = signed_in(dora)

    def asked(team: Any) -> int:
        body, header = {"name": "mine"}, str(team)
        return int(post(browser, TEAMS, body, team=header).status_code)

    other = make_team()
    assert asked(other.id) == asked("nonsense") == 404
    assert [asked(team.id) for team in (charlie.team, alice.team)] == [403, 201]


def test_a_weak_token_makes_no_team(as_person: AsPerson, alice: Person) -> None:
    assert as_person(alice, scope=Scope.DEPLOY).post(TEAMS, {"name": "mine"}).status_code == 403


def test_the_other_team_is_not_told_which_token_it_was(api: Api, alice: Person) -> None:
    made = api.post(TEAMS, {"name": "second", "token_name": "first"}).json()["data"]
    there, here = (
        list(AuditEntry.objects.filter(team_id=team, user_name="alice"))
        for team in (made["id"], alice.team.id)
    )

    assert {entry.action for entry in there} == {"team.create", "member.add", "token.create"}
    assert {entry.token_prefix for entry in there} == {""}
    assert [(entry.action, entry.after) for entry in here if entry.action == "team.create"] == [
        ("team.create", {"team": "second"})
    ]


def test_the_same_key_makes_one_team(api: Api) -> None:
    one, two = (
        api.post(TEAMS, {"name": "second"}, headers={"Idempotency-Key": "once"}) for _ in range(2)
    )

    assert one.json() == two.json()
    assert Team.objects.filter(name="second").count() == 1


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("My Shop", "my-shop"),
        ("--", "team"),
        ("Ünïcode", "n-code"),
        ("日本", "team"),
        ("x" * 100, "x" * 40),
        ("../../etc", "etc"),
        (HOSTILE, "script-alert-1-script-quotes"),
    ],
)
def test_a_slug_is_a_part_of_a_host_name(name: str, wanted: str) -> None:
    assert slug(name) == wanted


def test_teams_of_one_name_have_slugs_of_their_own(api: Api) -> None:
    slugs = [api.post(TEAMS, {"name": "Shop"}).json()["data"]["slug"] for _ in range(3)]

    assert slugs == ["shop", "shop-2", "shop-3"]


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"name": ""}, {"name": None}, {"name": 1}, {"name": "x" * 101}),
        *({"name": "a\x00b"}, {"name": "a\nb"}, {"name": "\u202ex"}, {"name": ["x"]}),
        *({"name": "x", "slug": "mine"}, {"name": "x", "plan": "enterprise"}, [], "x"),
        {"name": "x", "token_name": "\x1b[2J"},
    ],
)
def test_what_is_no_team_is_refused(api: Api, alice: Person, body: Any) -> None:
    before = Team.objects.count()

    assert api.post(TEAMS, body).status_code in {400, 422}
    assert api.patch(api.at(), body).status_code in {400, 422}
    alice.team.refresh_from_db()
    assert (Team.objects.count(), alice.team.name) == (before, "alpha")


def test_nobody_owns_more_than_some(
    api: Api, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teams, "MOST_OWNED", 2)
    answers = [api.post(TEAMS, {"name": "more"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["error"]["code"] == "team.too_many"


def test_a_new_name_leaves_the_slug(
    api: Api, alice: Person, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.patch(api.at(), {"name": HOSTILE})

    assert answer.status_code == 200
    shown = api.get(api.at()).json()["data"]
    assert (shown["name"], shown["slug"], shown["role"]) == (HOSTILE, "alpha", "owner")
    entry = AuditEntry.objects.get(action="team.update")
    assert (entry.before, entry.after) == ({"name": "alpha"}, {"name": HOSTILE})


def test_administrators_rename_and_others_look(as_person: AsPerson, alice: Person) -> None:
    statuses = {}
    for role in (Role.ADMIN, Role.DEVELOPER, Role.VIEWER):
        his = as_person(Person(make_member(alice.team, role=role), alice.team))
        statuses[role] = his.patch(his.at(), {"name": role.value}).status_code
        assert his.get(his.at()).json()["data"]["role"] == role

    assert list(statuses.values()) == [200, 403, 403]


@pytest.fixture
def second(alice: Person) -> Person:
    """A team of alice's in which nothing is."""
    return Person(alice.user, create_team("second", by=alice.user).team)


def test_an_empty_team_goes_with_what_opens_it(
    second: Person, django_capture_on_commit_callbacks: Any
) -> None:
    api = Api(second)
    invitation, _ = make_invitation(second.team, second.user)

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(api.at()).status_code == 204

    assert api.get(api.at()).status_code in {401, 404}
    assert not Membership.objects.filter(team=second.team).exists()
    assert not ApiToken.objects.alive().filter(team=second.team).exists()
    assert not Invitation.objects.open().filter(pk=invitation.pk).exists()
    assert AuditEntry.objects.filter(team=second.team, action="team.remove").exists()
    browser = signed_in(second)
    assert browser.get(f"{TEAMS}/{second.team.id}").status_code == 404
    assert [team["name"] for team in browser.get(TEAMS).json()["data"]] == ["alpha"]


def test_its_slug_is_not_given_again(second: Person, api: Api) -> None:
    remove_team(second.team, by=second.user)

    assert api.post(TEAMS, {"name": "second"}).json()["data"]["slug"] == "second-2"


def test_what_is_left_is_told(second: Person) -> None:
    api = Api(second)
    workspace = make_workspace(second.team)
    make_service(second.team, workspace=workspace)
    make_member(second.team, role=Role.ADMIN)
    refused = api.delete(api.at())

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "team.not_empty")
    left = {"services": 1, "workspaces": 1, "members": 1}
    assert refused.json()["error"]["params"] == left
    Service.objects.all().delete()
    Workspace.objects.all().delete()
    assert api.delete(api.at()).json()["error"]["params"] == dict.fromkeys(left, 0) | {"members": 1}


def test_only_an_owner_removes_a_team(as_person: AsPerson, second: Person) -> None:
    admin = make_member(second.team, role=Role.ADMIN)
    Membership.objects.filter(user=second.user, team=second.team).delete()
    api = as_person(Person(admin, second.team))

    answer = api.delete(api.at())

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "team.owners_only")
    assert Team.objects.living().filter(pk=second.team.pk).exists()


def test_the_last_team_stays(api: Api, alice: Person) -> None:
    answer = api.delete(api.at())

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "team.last_team")
    assert api.get(api.at()).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_of_two_last_teams_one_stays(alice: Person) -> None:
    second = create_team("second", by=alice.user).team
    works = [lambda team=team: remove_team(team, by=alice.user) for team in (alice.team, second)]

    found = outcomes(works, refusal=ConflictError)

    assert [type(one) for one in found].count(ConflictError) == 1
    assert Team.objects.living().count() == 1


def test_a_removed_team_gets_no_workspace(second: Person, tmp_path: Any) -> None:
    """As by a request that came in before, and is carried out after."""
    remove_team(second.team, by=second.user)

    with pytest.raises(NotFoundError):
        create(second.team, second.team.pk, "late", root=str(tmp_path))
    with pytest.raises(NotFoundError):
        make_token(second.team, second.user)
    assert not Workspace.objects.filter(team=second.team).exists()


def test_a_removal_that_cannot_be_noted_is_none(
    second: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = Api(second)

    def full(*_: Any, **__: Any) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(AuditEntry, "save", full)
        assert api.delete(api.at()).status_code == 500
    assert api.get(api.at()).status_code == 200


@pytest.mark.parametrize("role", [Role.ADMIN, Role.DEVELOPER, Role.VIEWER])
def test_everybody_may_leave(as_person: AsPerson, alice: Person, role: Role) -> None:
    user = make_member(alice.team, "dora", role=role)
    api = as_person(Person(user, alice.team))

    assert api.post(api.at("/leave")).status_code == 204

    assert not Membership.objects.filter(user=user).exists()
    assert not ApiToken.objects.alive().filter(user=user).exists()
    assert AuditEntry.objects.get(action="member.leave").user_name == "dora"


def test_the_last_owner_stays(api: Api, alice: Person, bob: Person) -> None:
    refused = api.post(api.at("/leave"))

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "team.last_owner")
    make_member(alice.team, role=Role.OWNER)
    assert api.post(api.at("/leave")).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_stays(alice: Person) -> None:
    other = make_member(alice.team, role=Role.OWNER)
    works = [lambda user=user: leave(alice.team, user=user) for user in (alice.user, other)]

    found = outcomes(works, refusal=ConflictError)

    assert [type(one) for one in found].count(ConflictError) == 1
    assert Membership.objects.filter(team=alice.team, role=Role.OWNER).count() == 1


def test_a_token_that_reaches_less_far_does_not_leave(as_person: AsPerson, bob: Person) -> None:
    weak = as_person(bob, scope=Scope.READ)

    assert weak.post(weak.at("/leave")).status_code == 403
    assert Membership.objects.filter(user=bob.user).exists()
