"""How a moment looks on the wire: RFC 3339 in UTC, with a Z, to the millisecond."""

from datetime import UTC, datetime
from typing import overload


@overload
def iso(at: datetime) -> str: ...
@overload
def iso(at: None) -> None: ...
def iso(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """In UTC. Raises ValueError when it is no date and time, names no zone, or lies outside of the
    years 1 to 9999."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except OverflowError:
        pass
    raise ValueError("must be a date and time with its zone, such as 2030-01-31T12:00:00Z")
