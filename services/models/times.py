"""How a moment looks on the wire: RFC 3339 in UTC, with a Z, to the millisecond."""

from datetime import UTC, datetime


def iso(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
