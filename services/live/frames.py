"""What goes over the wire: each frame is made and serialised once, however many sockets get it."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.events import STATUS_CHANGED
from services.models import Event
from services.models.times import iso

BUILD_LOG = "build_log"


@dataclass(frozen=True, slots=True)
class Frame:
    """`number` is None for what is not numbered and may be dropped on the way to a slow reader;
    `workspace_id` for what is of no workspace that there is."""

    text: str
    kind: str
    number: int | None = None
    service_id: str | None = None
    workspace_id: UUID | None = None


def event_frame(event: Event, *, workspace_id: UUID | None) -> Frame:
    """A numbered event in the seed's payload."""
    payload = _status(event) if event.name == STATUS_CHANGED else _deployment(event)
    body = {"event": event.name, "payload": payload, "sequence_number": event.number}
    return Frame(_dump(body), event.name, event.number, payload["service_id"], workspace_id)


def loose_frame(body: dict[str, Any], *, workspace_id: UUID | None) -> Frame:
    """A hint, sample or piece of a log, complete as it was published."""
    service_id = (body.get("payload") or {}).get("service_id")
    return Frame(_dump(body), str(body.get("event", "")), None, service_id, workspace_id)


def resync(last: int) -> str:
    """What the client missed is no longer kept: read everything anew, go on after `last`."""
    body = {"event": "resync", "payload": {"reason": "too old"}, "sequence_number": last}
    return _dump(body)


def _status(event: Event) -> dict[str, Any]:
    return {
        "service_id": str(event.service_id),
        "name": event.service_name,
        "status": event.event_data.get("status"),
        "previous_status": event.event_data.get("previous_status"),
        "timestamp": iso(event.occurred_at),
    }


def _deployment(event: Event) -> dict[str, Any]:
    return {
        "service_id": str(event.service_id),
        "name": event.service_name,
        "event_type": event.event_type,
        "duration_ms": event.duration_ms,
        "success": event.is_good_news,
        "event_data": event.event_data,
        "error_message": event.error_message or None,
        "error_details": event.error_details or None,
        "triggered_by": event.triggered_by or None,
        "timestamp": iso(event.occurred_at),
    }


def _dump(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"), default=str)
