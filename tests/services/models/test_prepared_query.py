"""The SQL that is written once: the same rows as the queryset's, in whatever thread."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, models

from services.models import Release, Service
from services.models.prepared_query import PreparedQuery
from services.teams.models import Team
from tests.conftest import Person
from tests.factories import make_release, make_service, make_team, make_workspace


def values(row: models.Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def of(team: Team | UUID, key: UUID) -> models.QuerySet[Service]:
    rows = Service.objects.filter(team=team, pk=key).exclude(wanted_state="removed")
    return rows.select_related("workspace", "wanted_release").defer("workspace__password_seed")


def test_the_rows_are_those_of_the_queryset(alice: Person, service: Service) -> None:
    service.wanted_release = make_release(service)
    service.environment = {"A": "1"}
    service.save()
    prepared = PreparedQuery(of)

    for _ in range(2):
        row = prepared.first(alice.team.pk, service.pk)
        assert row is not None
        assert values(row) == values(of(alice.team, service.pk)[0])
        assert (row.workspace, row.wanted_release) == (service.workspace, service.wanted_release)
        assert row.environment == {"A": "1"}
        assert row.workspace.get_deferred_fields() == {"password_seed"}
        assert not row._state.adding


def test_each_key_stands_where_it_stood(alice: Person, service: Service) -> None:
    other = make_team("elsewhere")
    theirs = make_service(other, workspace=make_workspace(other, name="theirs"))
    prepared = PreparedQuery(of)

    assert prepared(alice.team.pk, service.pk) == [service]
    assert prepared(other.pk, theirs.pk) == [theirs]
    assert prepared(service.pk, alice.team.pk) == []
    assert prepared(alice.team.pk, theirs.pk) == []
    assert prepared(alice.team.pk, uuid4()) == []
    assert PreparedQuery(lambda key: of(key, key))(service.pk) == []


def test_rows_without_what_they_may_lead_to(alice: Person, service: Service) -> None:
    row = PreparedQuery(of).first(alice.team.pk, service.pk)

    assert row is not None
    assert row.wanted_release is None


def test_what_stays_the_same_and_the_order_are_kept(service: Service) -> None:
    made = [make_release(service, number=number) for number in range(1, 5)]
    latest = PreparedQuery(
        lambda key: Release.objects.filter(service=key, number__lt=4).order_by("-number")[:2]
    )

    assert latest(service.pk) == [made[2], made[1]]


def test_the_sql_is_written_once(service: Service, django_assert_num_queries: Any) -> None:
    asked: list[UUID] = []

    def by_key(key: UUID) -> models.QuerySet[Service]:
        asked.append(key)
        return Service.objects.filter(pk=key)

    prepared = PreparedQuery(by_key)
    with django_assert_num_queries(3):
        assert [prepared(service.pk) for _ in range(3)] == [[service]] * 3
    assert len(asked) == 1
    assert service.pk not in asked


@pytest.mark.django_db(transaction=True)
def test_any_thread_uses_its_own_connection() -> None:
    team = make_team()
    service = make_service(team, workspace=make_workspace(team))
    prepared = PreparedQuery(of)
    assert prepared(team.pk, service.pk) == [service]

    def ask() -> tuple[list[Service], list[dict[str, str]]]:
        try:
            connection.force_debug_cursor = True
            connection.queries_log.clear()  # one thread may do both
            return prepared(team.pk, service.pk), list(connection.queries)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=2) as pool:
        for found, queries in [future.result() for future in [pool.submit(ask) for _ in range(2)]]:
            assert found == [service]
            assert len(queries) == 1
