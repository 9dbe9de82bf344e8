"""The status word, row by row of the table in docs/status.md."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from services.lifecycle.status import Facts, compute, gather, mark_stale, refresh_status
from services.models import Event, Instance, Kind, OperationState, Service, Status
from tests.factories import make_instance, make_operation
from tests.repository import ROOT

PAGE = Path(ROOT) / "docs" / "status.md"
COLUMNS = ("wanted", "operation", "step", "serving", "alive", "seen", "last operation", "status")


def table() -> list[dict[str, str]]:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert tuple(rows[0]) == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def facts(row: dict[str, str]) -> Facts:
    last = row["last operation"]
    return Facts(
        wanted=row["wanted"],
        kind=row["operation"],
        step=row["step"],
        serving=int(row["serving"] or 0),
        alive=int(row["alive"] or row["serving"] or 0),
        is_seen=row["seen"] != "no",
        last_failed="it failed" if last == "failed" else "",
        trouble="the process exits with code 1" if last == "crashes" else "",
    )


@pytest.mark.parametrize("row", table(), ids=lambda row: " ".join(filter(None, row.values())))
def test_the_table_says_what_the_code_does(row: dict[str, str]) -> None:
    assert compute(facts(row))[0] == row["status"]


def test_every_status_and_every_operation_is_in_the_table() -> None:
    assert {row["status"] for row in table()} == set(Status.values)
    assert {row["operation"] for row in table()} - {""} == set(Kind.values)


def test_too_few_instances_are_told_in_the_reason() -> None:
    assert compute(Facts(wanted="running", serving=1, alive=3, replicas=3)) == (
        "running",
        "1 of 3 serve",
    )


def test_a_crash_is_told_with_its_exit_code(service: Service) -> None:
    make_instance(service, state="exited", exit_code=7)

    assert gather(service, is_seen=True).trouble == "the process exits with code 7"


def test_running_out_of_memory_is_told(service: Service) -> None:
    make_instance(service, state="exited", is_oom_killed=True)

    assert gather(service, is_seen=True).trouble.startswith("out of memory")


def test_health_is_the_worst_of_those_that_stay(service: Service) -> None:
    make_instance(service, health="healthy")
    assert gather(service, is_seen=True).health == "healthy"
    make_instance(service, health="unhealthy", leaving_at=timezone.now())
    assert gather(service, is_seen=True).health == "healthy"
    make_instance(service, health="unhealthy")
    assert gather(service, is_seen=True).health == "unhealthy"


def test_only_a_changed_status_is_announced(service: Service) -> None:
    make_operation(service, state=OperationState.RUNNING, step="build")

    refresh_status(service)
    refresh_status(service)

    [event] = Event.objects.filter(service=service)
    assert event.event_data == {"status": "building", "previous_status": "pending"}


def test_what_was_not_seen_for_long_becomes_unknown_once(service: Service) -> None:
    make_instance(service, is_gated=True)
    past = timezone.now() - timedelta(hours=1)
    Service.objects.update(wanted_state="running", status="running", observed_at=past)

    assert mark_stale() == 1
    assert mark_stale() == 0

    service.refresh_from_db()
    assert service.status == "unknown"


def test_a_status_that_somebody_newer_wrote_is_kept(service: Service) -> None:
    instance = make_instance(service, is_gated=True)
    Service.objects.update(wanted_state="running", status="running")
    Instance.objects.filter(pk=instance.pk).update(state="running")

    refresh_status(service, was_seen=True)

    service.refresh_from_db()
    assert (service.status, service.current_replicas) == ("running", 1)
    assert service.observed_at is not None
