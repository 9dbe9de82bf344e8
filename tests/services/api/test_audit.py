"""GET /teams/T/audit: who did what, from where, and what was set; never a secret."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from services.accounts.first_run import first_run
from services.accounts.sign_in import create_link
from services.lifecycle.update import deploy_with
from services.models import AppendOnlyError, AuditEntry, Service, Workspace
from services.teams.models import Scope, Team
from tests.conftest import Api, Person

SECRET = "hunter2-of-the-database"


def entries(api: Api, **query: Any) -> list[dict[str, Any]]:
    return list(api.get(api.at("/audit"), query).json()["data"])


def note(team: Team, **fields: Any) -> AuditEntry:
    return AuditEntry.objects.create(team=team, **{"action": "x.y", "kind": "team", **fields})


def test_an_entry_says_who_did_what_to_which_from_where(api: Api, service: Service) -> None:
    answer = api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": 2})

    (entry,) = entries(api, action="service.scale")
    assert entry["actor"]["kind"] == "token"
    assert (entry["actor"]["name"], entry["actor"]["token_prefix"]) == ("alice", api.token[:12])
    assert entry["object"] == {"kind": "service", "id": str(service.id), "name": "web"}
    assert entry["request_id"] == answer.headers["X-Request-ID"]
    assert entry["after"] == {"replicas": 2}


def test_a_header_that_anybody_can_send_is_no_address(api: Api, service: Service) -> None:
    at = api.at(f"/services/{service.id}/stop")
    api.post(at, {}, HTTP_X_FORWARDED_FOR="6.6.6.6", HTTP_X_REAL_IP="6.6.6.6")

    assert entries(api)[0]["address"] == "127.0.0.1"


def test_a_change_shows_before_and_after(api: Api, service: Service) -> None:
    limits = {"memory_mb": 512}
    api.patch(api.at(f"/services/{service.id}"), {"service": {"resource_limits": limits}})

    entry = entries(api, action="service.update")[0]
    assert (entry["before"], entry["after"]) == (
        {"resource_limits": {}},
        {"resource_limits": limits},
    )


def test_no_value_that_may_be_secret_is_kept(api: Api, service: Service) -> None:
    config = {
        "environment_variables": {"TOKEN": SECRET, "PLAIN": SECRET},
        "secret_variables": ["TOKEN"],
        "deployment_config": {"build_args": {"ARG": SECRET}},
        "health_check_config": {"headers": {"Authorization": SECRET}},
    }
    at = api.at(f"/services/{service.id}")
    assert api.patch(at, {"service": config}).status_code == 200
    api.patch(f"{at}/env", {"variables": {"TOKEN": SECRET + "2", "PLAIN": None}})

    kept = json.dumps(list(AuditEntry.objects.values("before", "after", "object_name")))
    assert SECRET not in kept
    assert entries(api, action="env.set")[0]["after"] == {
        "environment_variables": {"TOKEN": "changed"}
    }


def test_no_credential_and_no_token_is_kept(api: Api, workspace: Workspace) -> None:
    made = api.post(api.at("/tokens"), {"name": "ci"}).json()["data"]
    new = {"name": "n", "folder_path": "/", "environment_variables": {"A": SECRET}}
    api.post(api.at("/services"), {"service": new})

    kept = str(list(AuditEntry.objects.values()))
    assert made["token"] not in kept
    assert SECRET not in kept


def test_names_cannot_write_a_line_of_their_own(api: Api, workspace: Workspace) -> None:
    Workspace.objects.update(name="x\n2026 alice token.create\x1b[31m\u202e")
    api.post(api.at(f"/workspaces/{workspace.id}/analyze"), {})

    name = entries(api, action="workspace.analyze")[0]["object"]["name"]
    assert name.isprintable()


def test_what_is_set_is_kept_in_bounds(service: Service) -> None:
    service.overrides = {str(n): "x" * 5000 for n in range(300)}
    service.save()
    deploy_with(service, {"start": "./run"}, actor="alice")

    entry = AuditEntry.objects.get(action="service.update")
    assert len(json.dumps([entry.before, entry.after])) < 20_000


def test_a_deploy_of_a_folder_tells_what_it_changed(
    api: Api, workspace: Workspace, service: Service
) -> None:
    Service.objects.update(source_name="app", detected_in="/", plan={"name": "app"})
    deploy = api.at(f"/workspaces/{workspace.id}/deploy")
    api.post(deploy, {"overrides": {"port": 9000, "start": "TOKEN=hunter2 ./run"}})

    entry = AuditEntry.objects.get(action="service.update")
    assert entry.after == {"overrides": {"port": 9000}, "overrides.start": "set"}


@pytest.mark.parametrize(
    "changed",
    [
        {"health_check_config": {"type": "command", "command": ["ping", "-a", "hunter2"]}},
        {"health_check_config": {"type": "http", "endpoint": "/health?key=hunter2"}},
        {"health_check_config": {"headers": {"Authorization": "hunter2"}}},
        {"deployment_config": {"build_args": {"TOKEN": "hunter2"}}},
    ],
)
def test_what_may_hold_a_secret_is_told_by_its_name(
    api: Api, service: Service, changed: dict[str, Any]
) -> None:
    answer = api.patch(api.at(f"/services/{service.id}"), {"service": changed})
    assert answer.status_code == 200, answer.content

    entry = AuditEntry.objects.get(action="service.update")
    assert "set" in json.dumps(entry.after)
    assert "hunter2" not in json.dumps([entry.before, entry.after])


def test_what_was_refused_leaves_nothing(api: Api, service: Service) -> None:
    before = AuditEntry.objects.count()

    answer = api.post(api.at(f"/services/{service.id}/scale"), {"replica_count": 99})

    assert answer.status_code in {400, 422}
    assert AuditEntry.objects.count() == before


def test_asked_twice_under_one_key_it_is_noted_once(api: Api, service: Service) -> None:
    for _ in range(2):
        api.post(api.at(f"/services/{service.id}/stop"), {}, HTTP_IDEMPOTENCY_KEY="k")

    assert AuditEntry.objects.filter(action="service.stop").count() == 1


def test_entries_come_newest_first_and_in_pages(api: Api, alice: Person) -> None:
    for minutes in range(5):
        note(alice.team, action="page.me", at=timezone.now() - timedelta(minutes=minutes))

    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2, "action": "page.me"}
    while query.get("after", "") is not None:
        answer = api.get(api.at("/audit"), query).json()
        seen += [row["at"] for row in answer["data"]]
        query["after"] = answer["meta"]["next"]

    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"actor": "bob"}, 1),
        ({"actor": "kyozo_abcdef"}, 1),
        ({"actor": "nobody"}, 0),
        ({"object": "shop"}, 1),
        ({"action": "x.y", "since": "2001-01-01T00:00:00Z"}, 3),
        ({"action": "x.y", "until": "2001-01-01T00:00:00+01:00"}, 0),
    ],
)
def test_filters(api: Api, alice: Person, query: dict[str, Any], found: int) -> None:
    note(alice.team, user_name="bob")
    note(alice.team, token_prefix="kyozo_abcdef")
    note(alice.team, object_name="shop")

    assert len(entries(api, **query)) == found


@pytest.mark.parametrize(
    "query",
    [{"since": "yesterday"}, {"until": "2030-01-01"}, {"who": "x"}, {"after": "x"}, {"limit": 0}],
)
def test_a_bad_question_is_refused(api: Api, query: dict[str, Any]) -> None:
    assert api.get(api.at("/audit"), query).status_code == 400


@pytest.mark.parametrize("scope", [Scope.READ, Scope.DEPLOY])
def test_only_admins_may(as_person: Callable[..., Api], alice: Person, scope: Scope) -> None:
    lower = as_person(alice, scope=scope)

    assert lower.get(lower.at("/audit")).status_code == 403


def test_another_team_sees_none_of_it(api: Api, stranger: Api, service: Service) -> None:
    api.post(api.at(f"/services/{service.id}/stop"), {})

    assert entries(stranger, object=str(service.id)) == []


def test_nothing_changes_or_removes_an_entry(alice: Person) -> None:
    entry = note(alice.team)

    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="nothing"),
        lambda: AuditEntry.objects.bulk_update([entry], ["action"]),
    ):
        with pytest.raises(AppendOnlyError):
            attempt()


def test_signing_in_and_out_is_noted(alice: Person, client: Any) -> None:
    client.post(f"/sign-in/{create_link(alice.user, team=alice.team)}")
    client.post("/sign-out")

    noted = AuditEntry.objects.filter(action__startswith="session.").order_by("at")
    assert [row.action for row in noted] == ["session.begin", "session.end"]
    assert {(row.user_name, row.token_id, row.address) for row in noted} == {
        ("alice", None, "127.0.0.1")
    }


def test_the_first_run_is_noted_as_the_platforms_own(db: None) -> None:
    first_run()

    assert set(AuditEntry.objects.values_list("action", "user_id")) == {
        ("team.create", None),
        ("member.add", None),
        ("token.create", None),
    }
