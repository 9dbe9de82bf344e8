"""Services through both clients: the seed's own calls, and what answers are like."""

import pytest

from kyozo_sdk import NotFoundError, Page
from kyozo_sdk.models import ServiceDetail
from services.models import Service, Workspace
from tests.conftest import Person
from tests.factories import make_service
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
