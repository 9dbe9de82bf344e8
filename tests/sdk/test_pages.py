"""Lists of more than a page."""

import itertools

import pytest

from kyozo_sdk import InvalidError
from services.models import Service, Workspace
from tests.conftest import Person
from tests.factories import make_event
from tests.sdk.both import Api

MANY = 1_000


@pytest.fixture
def many(alice: Person, workspace: Workspace) -> list[str]:
    rows = [
        Service(team=alice.team, workspace=workspace, name=f"web-{n:04}", service_type="python")
        for n in range(MANY)
    ]
    Service.objects.bulk_create(rows)
    return [row.name for row in rows]


def test_a_thousand_services_come_once_each_and_in_order(sdk: Api, many: list[str]) -> None:
    found = sdk.services.iterate(sort_by="name", limit=300)

    assert [row.name for row in found] == many


def test_a_page_says_where_the_next_begins(sdk: Api, many: list[str]) -> None:
    first = sdk.services.list(sort_by="name", limit=400)
    second = sdk.services.list(sort_by="name", limit=400, after=first.next)
    third = sdk.services.list(sort_by="name", limit=400, after=second.next)

    assert [len(page) for page in (first, second, third)] == [400, 400, 200]
    assert [row.name for page in (first, second, third) for row in page] == many
    assert third.next is None


def test_nothing_is_asked_before_it_is_wanted(sdk: Api, many: list[str]) -> None:
    """A service that goes while others are read is not missed and none is shown twice."""
    rows = sdk.services.iterate(sort_by="name", limit=10)
    seen = [row.name for row in itertools.islice(rows, 10)]
    Service.objects.filter(name__in=[many[3], many[500]]).delete()

    seen += [row.name for row in rows]

    assert seen == [name for name in many if name != many[500]]


def test_a_list_is_narrowed(sdk: Api, many: list[str], workspace: Workspace) -> None:
    found = sdk.services.list(search="web-000", workspace_id=workspace.id, sort_order="desc")

    assert sorted(row.name for row in found) == many[:10]
    assert sdk.workspaces.list_services(str(workspace.id), search="web-0001")[0].name == many[1]


def test_a_cursor_of_nobody_is_refused(sdk: Api) -> None:
    with pytest.raises(InvalidError):
        sdk.services.list(after="made-up")


def test_all_events_come_in_order(sdk: Api, alice: Person) -> None:
    for number in range(1, 1204):
        make_event(alice.team, number)

    assert [e.sequence_number for e in sdk.events.iterate(since=2)] == list(range(3, 1204))
