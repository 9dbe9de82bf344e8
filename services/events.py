"""Events: a numbered row in the transaction of the fact, and a hint to live listeners after it.

The number is taken by `UPDATE ... RETURNING`, whose row lock is held until commit: so a lower
number is always committed first and a reader that saw n has seen everything below it. Publish
last in a transaction, to hold that lock briefly. Losing a hint loses nothing: readers ask for
"everything after my last number".
"""

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from django.db import connection, transaction

from services.models import Event, Service, TeamSequence

log = logging.getLogger(__name__)

STATUS_CHANGED = "service_status_changed"
DEPLOYMENT = "deployment_event"

NEXT_NUMBER = "UPDATE services_teamsequence SET last = last + 1 WHERE team_id = %s RETURNING last"


@dataclass(frozen=True, slots=True)
class Hint:
    """To who listens to a team. `up_to`: it has numbered events up to this one. `frame`: complete,
    not numbered, may be dropped, and about the workspace. Neither: who may listen has changed."""

    team_id: uuid.UUID
    up_to: int | None = None
    frame: dict[str, Any] | None = None
    workspace_id: uuid.UUID | None = None

    @property
    def is_about_access(self) -> bool:
        return self.up_to is None and self.frame is None


Listener = Callable[[Hint], None]

_listeners: list[Listener] = []
_guard = Lock()


def subscribe(listener: Listener) -> Callable[[], None]:
    """Call `listener` with each hint from now on.

    Listeners run in the publishing thread and must only pass the hint on. Returns the undo.
    """
    with _guard:
        _listeners.append(listener)

    def unsubscribe() -> None:
        with _guard:
            _listeners.remove(listener)

    return unsubscribe


def hint(service: Service, frame: dict[str, Any]) -> None:
    """Tell listeners what is not numbered and may be dropped."""
    tell(Hint(service.team_id, frame=frame, workspace_id=service.workspace_id))


def access_changed(team_id: uuid.UUID) -> None:
    """Somebody may no longer listen, so the team's sockets are to be checked at once."""
    tell(Hint(team_id))


def tell(said: Hint) -> None:
    """Tell this process's listeners; one of them tells other processes (`services.relay`)."""
    with _guard:
        listeners = list(_listeners)
    for listener in listeners:
        try:
            listener(said)
        except Exception:
            # What is told is done and committed: nobody who did it may fail by who hears of it.
            log.exception("a listener failed")


def publish(  # noqa: PLR0913 - the fields of an event, each by its name
    service: Service,
    *,
    name: str = DEPLOYMENT,
    event_type: str = "",
    data: dict[str, Any] | None = None,
    error: dict[str, Any] | None = None,
    duration_ms: int | None = None,
    triggered_by: str = "",
) -> Event:
    """Append one event of a service, inside the caller's transaction or one of its own."""
    with transaction.atomic():
        event = Event.objects.create(
            team_id=service.team_id,
            number=_next_number(service.team_id),
            name=name,
            service=service,
            service_name=service.name,
            event_type=event_type,
            event_data=data or {},
            error_message=(error or {}).get("message", ""),
            error_details=error or {},
            duration_ms=duration_ms,
            triggered_by=triggered_by,
        )
        transaction.on_commit(lambda: tell(Hint(service.team_id, up_to=event.number)))
    return event


def status_changed(service: Service, *, previous: str) -> Event:
    return publish(
        service,
        name=STATUS_CHANGED,
        data={"status": service.status, "previous_status": previous},
    )


def _next_number(team_id: uuid.UUID) -> int:
    # Raw SQL: Django has no UPDATE ... RETURNING. SQLite keeps UUIDs as 32 hex digits.
    key = str(team_id) if connection.features.has_native_uuid_field else team_id.hex
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute(NEXT_NUMBER, [key])
            if row := cursor.fetchone():
                return int(row[0])
        TeamSequence.objects.get_or_create(team_id=team_id)
    raise RuntimeError("the team's event sequence can be neither read nor made")
