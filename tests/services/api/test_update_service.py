"""PUT and PATCH /teams/T/services/S"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.models import Service
from tests.conftest import Api, Person
from tests.factories import make_folder, make_operation, make_release, make_service
from tests.services.at_once import at_once


def test_put_changes_what_is_sent_and_nothing_else(api: Api, service: Service) -> None:
    fields = {"name": "new-name", "resource_limits": {"memory_mb": 2048, "cpu_cores": 4}}
    answer = api.put(api.at(f"/services/{service.id}"), {"service": fields})

    assert answer.status_code == 200
    data = answer.json()["data"]
    assert (data["name"], data["resource_limits"]["memory_mb"]) == ("new-name", 2048)
    assert data["folder_path"] == "/"


def test_an_answer_can_be_sent_back_as_it_came(api: Api, service: Service) -> None:
    shown = api.get(api.at(f"/services/{service.id}")).json()["data"]

    answer = api.put(api.at(f"/services/{service.id}"), {"service": shown})

    assert answer.status_code == 200, answer.content


@pytest.mark.parametrize(
    ("method", "sent", "kept"),
    [
        ("put", {"B": "2"}, {"B": "2"}),
        ("put", {"KEY": None, "B": "2"}, {"KEY": "hush", "B": "2"}),
        ("patch", {"B": "2"}, {"A": "1", "KEY": "hush", "B": "2"}),
        ("patch", {"A": None}, {"KEY": "hush"}),
    ],
)
def test_put_replaces_variables_and_patch_merges(
    api: Api, service: Service, method: str, sent: dict[str, Any], kept: dict[str, str]
) -> None:
    service.environment, service.secret_names = {"A": "1", "KEY": "hush"}, ["KEY"]
    service.save()
    change = {"service": {"environment_variables": sent}}

    getattr(api, method)(api.at(f"/services/{service.id}"), change)

    service.refresh_from_db()
    assert service.environment == kept


@pytest.mark.parametrize("path", ["", "/env"])
def test_merging_does_not_go_past_the_limit_of_variables(
    api: Api, service: Service, path: str
) -> None:
    service.environment = {f"A{n}": "x" for n in range(512)}
    service.save()
    name, more = ("variables" if path else "environment_variables"), {"B": "x"}
    change = {name: more} if path else {"service": {name: more}}

    answer = api.patch(api.at(f"/services/{service.id}{path}"), change)

    service.refresh_from_db()
    assert (answer.status_code, len(service.environment)) == (422, 512)
    assert "512" in answer.json()["error"]["details"]["environment_variables"][0]


def test_a_variable_may_take_the_place_of_another_at_the_limit(api: Api, service: Service) -> None:
    service.environment = {f"A{n}": "x" for n in range(512)}
    service.save()
    change = {"service": {"environment_variables": {"A0": None, "B": "x"}}}

    assert api.patch(api.at(f"/services/{service.id}"), change).status_code == 200


@pytest.mark.parametrize("folder_path", ["/nowhere", "/docs", "../..", "/link"])
def test_another_folder_is_looked_at_as_a_new_services_is(
    api: Api, service: Service, folder_path: str
) -> None:
    root = Path(service.workspace.root)
    (root / "docs").mkdir()
    (root / "link").symlink_to("/etc")

    answer = api.patch(api.at(f"/services/{service.id}"), {"service": {"folder_path": folder_path}})

    service.refresh_from_db()
    assert (answer.status_code, service.folder_path) == (422, "/")


@pytest.mark.parametrize("folder_path", ["/api", "api", "./api/", "//api/."])
def test_a_folder_is_kept_in_one_spelling(api: Api, service: Service, folder_path: str) -> None:
    make_folder(Path(service.workspace.root), "api")

    answer = api.patch(api.at(f"/services/{service.id}"), {"service": {"folder_path": folder_path}})

    service.refresh_from_db()
    assert answer.json()["data"]["folder_path"] == service.detected_in == "/api"


def test_the_folder_it_has_moves_nothing(api: Api, alice: Person, service: Service) -> None:
    found_below = make_service(
        alice.team, workspace=service.workspace, folder_path="/api", detected_in="/"
    )
    shown = api.get(api.at(f"/services/{found_below.id}")).json()["data"]

    assert api.put(api.at(f"/services/{found_below.id}"), {"service": shown}).status_code == 200

    found_below.refresh_from_db()
    assert found_below.detected_in == "/"


def test_patch_merges_limits_and_put_replaces_them(api: Api, service: Service) -> None:
    service.resource_limits = {"memory_mb": 512, "cpu_cores": 1}
    service.save()
    path, change = api.at(f"/services/{service.id}"), {"service": {"resource_limits": {"pids": 64}}}

    merged = api.patch(path, change).json()["data"]["resource_limits"]
    replaced = api.put(path, change).json()["data"]["resource_limits"]

    assert (merged, replaced) == ({"memory_mb": 512, "cpu_cores": 1, "pids": 64}, {"pids": 64})


def test_a_patch_that_contradicts_what_is_there_is_refused(api: Api, service: Service) -> None:
    change = {"service": {"scaling_config": {"min_replicas": 11}}}

    assert api.patch(api.at(f"/services/{service.id}"), change).status_code == 422


def test_a_type_that_was_set_outlives_the_next_look(api: Api, service: Service) -> None:
    api.put(api.at(f"/services/{service.id}"), {"service": {"service_type": "golang"}})

    service.refresh_from_db()
    assert service.overrides == {"type": "golang"}


def test_a_change_waits_for_the_next_deploy(api: Api, service: Service) -> None:
    service.wanted_release = make_release(service)
    service.save()
    change = {"service": {"environment_variables": {"A": "1"}}}

    data = api.put(api.at(f"/services/{service.id}"), change).json()["data"]

    assert data["has_pending_changes"] is True


@pytest.mark.parametrize("kind", ["start", "restart", "scale", "rollback", "stop", "deploy"])
@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("put", "", {"service": {"environment_variables": {"A": "1"}}}),
        ("patch", "", {"service": {"environment_variables": {"A": "1"}}}),
        ("patch", "/env", {"variables": {"A": "1"}}),
    ],
)
def test_what_waits_is_no_reason_to_refuse_a_change(
    api: Api, service: Service, kind: str, method: str, path: str, sent: dict[str, Any]
) -> None:
    service.deployment_config = {"auto_deploy": True}
    service.wanted_release, service.wanted_state = make_release(service), "running"
    service.save()
    make_operation(service, kind=kind)

    answer = getattr(api, method)(api.at(f"/services/{service.id}{path}"), sent)

    service.refresh_from_db()
    assert (answer.status_code, service.environment) == (200, {"A": "1"})
    assert service.has_pending_changes
    [waiting] = service.operations.open()
    assert waiting.kind == (kind if kind in {"stop", "rollback"} else "deploy")


def test_a_name_in_use_is_refused(api: Api, service: Service) -> None:
    make_service(service.team, name="taken")
    answer = api.put(api.at(f"/services/{service.id}"), {"service": {"name": "taken"}})

    assert answer.status_code == 422
    assert "name" in answer.json()["error"]["details"]


def test_a_change_of_what_somebody_else_changed_is_refused(api: Api, service: Service) -> None:
    at = api.at(f"/services/{service.id}")
    tag = api.get(at).headers["ETag"]
    first = api.put(at, {"service": {"name": "one"}}, HTTP_IF_MATCH=tag)

    second = api.put(at, {"service": {"name": "two"}}, HTTP_IF_MATCH=tag)

    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["error"]["code"] == "changed"
    assert first.headers["ETag"] != tag
    again = api.put(at, {"service": {"name": "two"}}, HTTP_IF_MATCH=first.headers["ETag"])
    assert again.status_code == 200


def test_what_is_only_observed_changes_no_tag(api: Api, service: Service) -> None:
    at = api.at(f"/services/{service.id}")
    tag = api.get(at).headers["ETag"]
    Service.objects.update(status="running", current_replicas=2)

    assert api.get(at).headers["ETag"] == tag


@pytest.mark.parametrize("tag", ["*", "", '"other", {tag}'])
def test_a_tag_that_matches_lets_the_change_through(api: Api, service: Service, tag: str) -> None:
    at = api.at(f"/services/{service.id}")
    header = tag.format(tag=api.get(at).headers["ETag"])

    assert api.patch(at, {"service": {}}, HTTP_IF_MATCH=header).status_code == 200


def test_a_stranger_changes_nothing(stranger: Api, service: Service) -> None:
    answer = stranger.put(stranger.at(f"/services/{service.id}"), {"service": {"name": "mine"}})

    service.refresh_from_db()
    assert (answer.status_code, service.name) == (404, "web")


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_lose_nothing(alice: Person, as_person: Callable[..., Api]) -> None:
    service = make_service(alice.team, name="web")

    def set_variable(name: str) -> int:
        client = as_person(alice)
        change = {"service": {"environment_variables": {name: "1"}}}
        return client.patch(client.at(f"/services/{service.id}"), change).status_code

    names = [f"V{number}" for number in range(6)]
    assert at_once(*(partial(set_variable, name) for name in names)) == [200] * 6

    service.refresh_from_db()
    assert sorted(service.environment) == names
