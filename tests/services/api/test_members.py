"""/teams/T/members: who may change whom, and what becomes of those who go"""

from collections.abc import Callable
from typing import Any

import pytest

from services.accounts.invitations import accept
from services.accounts.members import remove_member
from services.errors import NotFoundError
from services.models import AuditEntry
from services.teams.models import ApiToken, Invitation, Membership, Role, Scope
from tests.conftest import Api, Person
from tests.factories import make_invitation, make_member, make_token, make_user
from tests.services.at_once import outcomes

AsPerson = Callable[..., Api]


def at(api: Api, user: Any) -> str:
    return api.at(f"/members/{user.pk}")


def role_of(person: Person) -> str:
    return Membership.objects.get(user=person.user, team=person.team).role


@pytest.fixture
def admin(alice: Person) -> Person:
    return Person(make_member(alice.team, "dora", role=Role.ADMIN), alice.team)


def test_everybody_on_the_team_sees_who_is_on_it(as_person: AsPerson, bob: Person) -> None:
    api = as_person(bob, scope=Scope.READ)
    found = api.get(api.at("/members")).json()["data"]

    assert [(row["name"], row["role"]) for row in found] == [
        ("alice", "owner"),
        ("bob", "developer"),
    ]
    assert api.get(at(api, bob.user)).json()["data"] == found[1]


def test_an_owner_changes_a_role_and_it_counts_at_once(
    api: Api, as_person: AsPerson, bob: Person, django_capture_on_commit_callbacks: Any
) -> None:
    his = as_person(bob)
    assert his.get(his.at("/audit")).status_code == 403

    with django_capture_on_commit_callbacks(execute=True):
        assert api.patch(at(api, bob.user), {"role": "admin"}).status_code == 200
    assert his.get(his.at("/audit")).status_code == 200


@pytest.mark.parametrize("role", [Role.OWNER, Role.ADMIN])
def test_nobody_raises_themselves(as_person: AsPerson, bob: Person, role: Role) -> None:
    api = as_person(bob)

    assert api.patch(at(api, bob.user), {"role": role}).status_code == 403
    assert role_of(bob) == Role.DEVELOPER


def test_an_admin_makes_no_owner_and_touches_none(
    as_person: AsPerson, alice: Person, admin: Person, bob: Person
) -> None:
    api = as_person(admin)
    refused = [
        api.patch(at(api, admin.user), {"role": "owner"}),
        api.patch(at(api, bob.user), {"role": "owner"}),
        api.patch(at(api, alice.user), {"role": "viewer"}),
        api.delete(at(api, alice.user)),
    ]

    assert {answer.json()["error"]["code"] for answer in refused} == {"team.owners_only"}
    assert [role_of(person) for person in (alice, admin, bob)] == ["owner", "admin", "developer"]
    assert api.patch(at(api, bob.user), {"role": "viewer"}).status_code == 200


def test_the_last_owner_neither_goes_nor_is_demoted(api: Api, alice: Person) -> None:
    answers = [api.delete(at(api, alice.user)), api.patch(at(api, alice.user), {"role": "admin"})]

    assert [a.json()["error"]["code"] for a in answers] == ["team.last_owner"] * 2
    assert role_of(alice) == Role.OWNER


def test_an_owner_who_is_locked_out_does_not_count(api: Api, alice: Person) -> None:
    other = make_member(alice.team, "old", role=Role.OWNER)
    other.is_active = False
    other.save()

    assert api.delete(at(api, alice.user)).status_code == 409


def test_an_owner_may_go_while_another_stays(api: Api, alice: Person) -> None:
    make_member(alice.team, "eve", role=Role.OWNER)

    assert api.delete(at(api, alice.user)).status_code == 204


@pytest.mark.django_db(transaction=True)
def test_of_two_last_owners_who_remove_each_other_one_stays(alice: Person) -> None:
    eve = make_member(alice.team, "eve", role=Role.OWNER)
    rows = list(Membership.objects.select_related("team"))

    works = [
        lambda: remove_member(rows[0], by=eve),
        lambda: remove_member(rows[1], by=alice.user),
    ]
    outcomes(works, refusal=Exception)

    assert Membership.objects.filter(role=Role.OWNER).count() == 1


def test_who_is_removed_loses_tokens_at_once_and_for_good(
    api: Api, as_person: AsPerson, bob: Person, django_capture_on_commit_callbacks: Any
) -> None:
    his = as_person(bob)
    assert his.get(his.at("/services")).status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(at(api, bob.user)).status_code == 204
    assert his.get(his.at("/services")).status_code == 401
    Membership.objects.create(team=bob.team, user=bob.user, role=Role.DEVELOPER)
    assert his.get(his.at("/services")).status_code == 401


def test_tokens_of_other_teams_stay(api: Api, charlie: Person, bob: Person) -> None:
    Membership.objects.create(team=charlie.team, user=bob.user)
    make_token(charlie.team, bob.user)

    api.delete(at(api, bob.user))

    assert ApiToken.objects.filter(user=bob.user, revoked_at=None).get().team == charlie.team


@pytest.mark.parametrize("ask", ["delete", "patch"])
def test_invitations_of_who_goes_or_falls_are_closed_and_it_is_noted(
    api: Api, alice: Person, admin: Person, ask: str
) -> None:
    theirs, _ = make_invitation(alice.team, admin.user, role=Role.ADMIN)

    getattr(api, ask)(at(api, admin.user), {"role": "viewer"})

    assert not Invitation.objects.open().exists()
    entry = AuditEntry.objects.get(action__startswith="member.")
    assert entry.after["revoked_invitations"] == [str(theirs.id)]


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [("admin", "owner", ["admin", "viewer"]), ("owner", "admin", ["admin", "viewer"])],
)
def test_what_the_new_role_may_invite_as_stays_open(
    api: Api, alice: Person, before: str, after: str, left: list[str]
) -> None:
    eve = make_member(alice.team, "eve", role=Role(before))
    for role in {Role.VIEWER, Role.ADMIN, Role(before)}:
        make_invitation(alice.team, eve, role=role)

    api.patch(at(api, eve), {"role": after})

    assert sorted(Invitation.objects.open().values_list("role", flat=True)) == left


def test_a_change_is_noted_with_both_roles(api: Api, bob: Person) -> None:
    api.patch(at(api, bob.user), {"role": "viewer"})

    entry = AuditEntry.objects.get(action="member.update")
    assert (entry.object_name, entry.before, entry.after) == (
        "bob",
        {"role": "developer"},
        {"role": "viewer"},
    )


@pytest.mark.parametrize("body", [{}, {"role": 1}, {"role": "viewer", "user": 1}])
def test_a_bad_body_is_refused(api: Api, bob: Person, body: Any) -> None:
    assert api.patch(at(api, bob.user), body).status_code == 400
    assert role_of(bob) == Role.DEVELOPER


@pytest.mark.parametrize("who", ["charlie", "0", "-1", "x", "99999999999999999999", "1\u0662"])
def test_who_is_not_on_the_team_is_nobody(api: Api, charlie: Person, who: str) -> None:
    path = api.at(f"/members/{charlie.user.pk if who == 'charlie' else who}")
    nobody = api.get(api.at("/members/123456789")).json()["error"] | {"request_id": ""}

    for answer in (api.get(path), api.patch(path, {"role": "viewer"}), api.delete(path)):
        assert (answer.status_code, answer.json()["error"] | {"request_id": ""}) == (404, nobody)


def test_a_removal_that_came_too_late_finds_nobody(api: Api, bob: Person) -> None:
    assert [api.delete(at(api, bob.user)).status_code for _ in range(2)] == [204, 404]


@pytest.mark.django_db(transaction=True)
def test_joining_while_the_inviter_goes_ends_one_way_or_the_other(alice: Person) -> None:
    """Both lock the team first; else each could wait for what the other holds."""
    eve = make_member(alice.team, "eve", role=Role.OWNER)
    invitation, token = make_invitation(alice.team, eve)
    frida = make_user("frida")
    works = [
        lambda: accept(token, frida),
        lambda: remove_member(Membership.objects.get(user=eve), by=alice.user),
    ]
    outcomes(works, refusal=NotFoundError)

    invitation.refresh_from_db()
    is_in = Membership.objects.filter(user=frida).exists()
    assert is_in is (invitation.accepted_at is not None)
    assert is_in is (invitation.revoked_at is None)
    assert not Membership.objects.filter(user=eve).exists()
