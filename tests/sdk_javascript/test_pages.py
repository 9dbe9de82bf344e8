"""Lists of more rows than a page holds."""

import pytest

from services.models import Service
from tests.conftest import Person
from tests.factories import make_workspace
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.programs import Access, Programs

MANY = 1001


@pytest.fixture
def many(alice: Person, transactional_db: None) -> list[str]:
    workspace = make_workspace(alice.team)
    names = [f"service-{number:04}" for number in range(MANY)]
    Service.objects.bulk_create(
        Service(team=alice.team, workspace=workspace, name=name, service_type="python")
        for name in names
    )
    return names


def test_a_thousand_services_come_page_by_page(
    js: Programs, access: Access, served: Served, many: list[str]
) -> None:
    found = js.run(
        access,
        """
        const names = [];
        for await (const { name } of api.services.list({ sort_by: 'name' })) names.push(name);
        say(names);
        """,
    )

    assert found == many
    assert served.times("/services?") == 6  # 200 a page


def test_no_more_pages_are_read_than_are_wanted(
    js: Programs, access: Access, served: Served, many: list[str]
) -> None:
    found = js.run(
        access,
        """
        const names = [];
        for await (const { name } of api.services.list({ sort_by: 'name', limit: 100 })) {
          if (names.push(name) === 150) break;
        }
        const sizes = [];
        for await (const page of api.services.list({ limit: 500 }).pages()) sizes.push(page.length);
        const first = await api.services.list({ sort_by: 'name', limit: 2 });
        const next = await api.services.list({ sort_by: 'name', limit: 2, after: first.next });
        const rest = await api.services.list({ limit: 400, after: undefined }).all();
        const mapped = next.map(({ name }) => name);
        say([names.length, sizes, mapped, rest.length, mapped.next]);
        """,
    )

    assert found == [150, [500, 500, 1], many[2:4], MANY, None]
    assert served.times("limit=100") == 2


def test_a_list_that_fails_fails_where_it_is_awaited(
    js: Programs, access: Access, many: list[str]
) -> None:
    found = js.run(
        access,
        """
        const listing = connect({ apiToken: 'kyozo_no' }).services.list();
        const kinds = [await listing.catch((error) => error.code)];
        kinds.push((await failure(async () => { for await (const _ of listing); })).code);
        say(kinds);
        """,
    )

    assert found == ["unauthorized", "unauthorized"]
