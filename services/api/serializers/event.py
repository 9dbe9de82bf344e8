"""An event as lists and a service's detail show it."""

from typing import Annotated, TypedDict

from services.api.answers import Id, Instant, Json, such_as
from services.models import Event
from services.models.times import iso


class EventBriefJson(TypedDict):
    id: Id
    event_type: Annotated[str | None, such_as("deployment_completed")]
    event_data: Json
    error_message: str | None
    error_details: Json | None
    duration_ms: int | None
    sequence_number: Annotated[int, "Of the team, without gaps; send it as `since`."]
    occurred_at: Instant
    triggered_by: str | None


class EventJson(EventBriefJson):
    event: Annotated[str, such_as("deployment_event")]
    service_id: Id | None
    service_name: str


class LastJson(TypedDict):
    last: Annotated[int | None, "Send it as `since`."]


class EventsJson(TypedDict):
    data: list[EventJson]
    meta: LastJson


def event_json(event: Event) -> EventJson:
    return {
        **event_brief(event),
        "event": event.name,
        "service_id": str(event.service_id) if event.service_id else None,
        "service_name": event.service_name,
    }


def event_brief(event: Event) -> EventBriefJson:
    return {
        "id": str(event.id),
        "event_type": event.event_type or None,
        "event_data": event.event_data,
        "error_message": event.error_message or None,
        "error_details": event.error_details or None,
        "duration_ms": event.duration_ms,
        "sequence_number": event.number,
        "occurred_at": iso(event.occurred_at),
        "triggered_by": event.triggered_by or None,
    }
