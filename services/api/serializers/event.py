"""An event as lists and a service's detail show it."""

from typing import Any

from services.models import Event
from services.models.times import iso


def event_json(event: Event) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "event": event.name,
        "event_type": event.event_type or None,
        "service_id": str(event.service_id) if event.service_id else None,
        "service_name": event.service_name,
        "event_data": event.event_data,
        "error_message": event.error_message or None,
        "error_details": event.error_details or None,
        "duration_ms": event.duration_ms,
        "sequence_number": event.number,
        "occurred_at": iso(event.occurred_at),
        "triggered_by": event.triggered_by or None,
    }


def event_brief(event: Event) -> dict[str, Any]:
    return {
        name: value
        for name, value in event_json(event).items()
        if name not in {"service_id", "service_name", "event"}
    }
