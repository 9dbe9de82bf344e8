"""Numbers without gaps, in the order of commits; hints only after the fact."""

import pytest
from django.db import transaction

from services import events
from services.events import Hint
from services.models import Event, Service, TeamSequence
from tests.conftest import Person
from tests.factories import make_service
from tests.services.at_once import at_once


def numbers(service: Service) -> list[int]:
    rows = Event.objects.filter(team=service.team).order_by("number")
    return list(rows.values_list("number", flat=True))


def test_events_of_a_team_are_numbered_from_one(service: Service) -> None:
    for _ in range(3):
        events.publish(service, event_type="deployment_started")

    assert numbers(service) == [1, 2, 3]


def test_each_team_counts_for_itself(service: Service, charlie: Person) -> None:
    events.publish(service, event_type="deployment_started")
    theirs = events.publish(make_service(charlie.team), event_type="deployment_started")

    assert theirs.number == 1


def test_a_change_that_is_rolled_back_uses_no_number(service: Service) -> None:
    events.publish(service)
    with transaction.atomic():
        events.publish(service)
        transaction.set_rollback(True)

    assert events.publish(service).number == 2


def test_a_status_change_says_what_was_before(service: Service) -> None:
    service.status = "running"

    event = events.status_changed(service, previous="deploying")

    assert event.name == "service_status_changed"
    assert event.event_data == {"status": "running", "previous_status": "deploying"}


def test_an_error_is_kept_with_its_message(service: Service) -> None:
    event = events.publish(service, error={"message": "no space left", "code": "build.failed"})

    assert event.error_message == "no space left"
    assert event.error_details["code"] == "build.failed"


def test_a_frame_that_is_not_numbered_reaches_the_listeners(service: Service) -> None:
    heard: list[Hint] = []
    unsubscribe = events.subscribe(heard.append)

    events.hint(service, {"event": "pong"})
    unsubscribe()
    events.hint(service, {"event": "unheard"})

    frame = {"event": "pong"}
    assert heard == [Hint(service.team_id, frame=frame, workspace_id=service.workspace_id)]


@pytest.mark.django_db(transaction=True)
def test_listeners_hear_of_an_event_only_after_its_commit(service: Service) -> None:
    heard: list[tuple[int | None, int]] = []
    unsubscribe = events.subscribe(lambda said: heard.append((said.up_to, Event.objects.count())))

    with transaction.atomic():
        events.publish(service)
        events.publish(service)
        assert heard == []
    unsubscribe()

    assert heard == [(1, 2), (2, 2)]


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_leave_no_gap_and_no_double(service: Service) -> None:
    def write() -> None:
        for _ in range(5):
            events.publish(service)

    at_once(*[write] * 4)

    assert numbers(service) == list(range(1, 21))
    assert TeamSequence.objects.get(team=service.team).last == 20


@pytest.mark.django_db(transaction=True)
def test_whoever_saw_a_number_has_seen_all_below_it(service: Service) -> None:
    """A reader between commits: what it has seen never has a hole."""

    def write() -> None:
        for _ in range(8):
            with transaction.atomic():
                events.publish(service)
                events.publish(service)

    def read() -> None:
        for _ in range(40):
            seen = numbers(service)
            assert seen == list(range(1, len(seen) + 1))

    at_once(write, write, read)
