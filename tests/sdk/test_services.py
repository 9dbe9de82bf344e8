"""Services through both clients: the seed's own calls, and what answers are like."""

from typing import Any

import pytest

from kyozo_sdk import NotFoundError, Page, models
from kyozo_sdk.models import ServiceDetail
from services.models import Service, Workspace
from tests.conftest import Person
from tests.factories import make_build, make_service
from tests.sdk.both import Api


def test_a_service_is_created_listed_and_read(sdk: Api, workspace: Workspace) -> None:
    made = sdk.services.create({"name": "my-app", "folder_path": "/", "service_type": "python"})

    listed = sdk.services.list()

    assert isinstance(listed, Page)
    assert [row.name for row in listed] == ["my-app"]
    assert sdk.services.get(made.id).workspace_id == str(workspace.id)
    assert isinstance(made, ServiceDetail)
    assert made.workspace.storage_backend == workspace.storage_backend


def test_what_is_not_there_is_an_error_with_a_code(sdk: Api) -> None:
    with pytest.raises(NotFoundError) as caught:
        sdk.services.get("00000000-0000-0000-0000-000000000000")

    assert (caught.value.status, caught.value.code) == (404, "not_found")
    assert caught.value.request_id


def test_another_teams_service_is_not_there(sdk: Api, charlie: Person) -> None:
    theirs = make_service(charlie.team)

    with pytest.raises(NotFoundError):
        sdk.services.stop(theirs.id)


def test_a_verb_says_which_operation_it_began(sdk: Api, running: Service) -> None:
    change = sdk.services.restart(running.id)

    assert sdk.operations.get(change.operation_id).kind == "restart"


def test_a_build_is_followed_to_its_end(sdk: Api, service: Service) -> None:
    build = make_build(service, "one", "two", "three", state="succeeded")

    chunks = list(sdk.builds.follow_log(str(build.id), after=1))

    assert [(chunk.number, chunk.text) for chunk in chunks] == [(2, "two"), (3, "three")]


def test_settings_are_replaced_merged_and_sent_back(sdk: Api, service: Service) -> None:
    sdk.services.update(service.id, {"environment_variables": {"A": "1"}})
    sdk.services.update(service.id, {"environment_variables": {"B": "2"}})
    merged = sdk.services.get(service.id)

    sdk.services.replace(service.id, {"environment_variables": {"C": "3"}})
    sdk.services.replace(service.id, merged)

    assert merged.environment_variables == {"A": "1", "B": "2"}
    assert sdk.services.get(service.id).environment_variables == {"A": "1", "B": "2"}
    assert sdk.env.update(service.id, {"A": None}).variables == {"B": "2"}


def test_a_removed_service_is_gone(sdk: Api, service: Service) -> None:
    sdk.services.remove(service.id)

    with pytest.raises(NotFoundError):
        sdk.services.get(service.id)


def test_who_asks_and_how_the_platform_is(sdk: Api, alice: Person) -> None:
    assert sdk.platform.me().user.name == "alice"
    assert sdk.platform.is_live().status == "ok"
    assert sdk.platform.is_ready().database == "ok"
    assert sdk.platform.openapi()["openapi"].startswith("3.1")


def test_members_and_what_they_did(sdk: Api, alice: Person, bob: Person, service: Service) -> None:
    sdk.members.update(bob.user.pk, role="viewer")

    assert sdk.members.get(bob.user.pk).role == "viewer"
    entry = sdk.audit.list(action="member.update")[0]
    assert (entry.actor.name, entry.before, entry.after) == (
        "alice",
        {"role": "developer"},
        {"role": "viewer"},
    )


def test_an_answer_knows_more_than_its_class() -> None:
    raw = {"id": "s", "name": "web", "colour": "red", "urls": [{"url": "u"}]}
    record: Any = models.Service(raw)

    assert (record.colour, record["colour"], "colour" in record) == ("red", "red", True)
    assert record.urls[0].url == "u"
    assert record.release is None
    with pytest.raises(AttributeError):
        record.name = "other"
    with pytest.raises(AttributeError, match="no 'size'"):
        _ = record.size


@pytest.mark.parametrize("raw", [{"urls": "x"}, {"workspace": 3}, {"urls": [None]}, {"raw": {}}])
def test_an_answer_of_another_shape_is_taken_as_it_came(raw: dict[str, object]) -> None:
    record = models.Service(raw)

    assert record.raw == raw
    assert [record[name] for name in raw] == list(raw.values())
