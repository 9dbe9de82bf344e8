"""Query parameters in: each read by name, checked, and refused when unknown.

A reader is a check of text that raises ValueError."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from rest_framework.request import Request

from services.errors import BadRequestError
from services.models.checks import Check, ComplaintError, Schema, takes
from services.models.config import PLAIN
from services.teams.policy import as_uuid

Reader = Check
CURSOR: Schema = {"type": "string", "format": "cursor"}  # what an answer said, and nothing else


def query(request: Request, **readers: Reader) -> dict[str, Any]:
    """The parameters that were given and not empty; raises one error with all complaints."""
    wrong: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    for name in request.query_params:
        value = request.query_params.get(name, "")
        if name not in readers:
            wrong[name] = [f"is not a known parameter; known are {', '.join(readers) or 'none'}"]
        elif value:
            try:
                found[name] = readers[name](value)
            except ValueError as exc:
                wrong[name] = [str(exc)]
    if wrong:
        raise BadRequestError("Invalid request parameters", details=wrong)
    return found


@takes({"type": "string", "maxLength": 1000, "pattern": r"^[^\x00]*$"})
def word(value: str) -> str:
    if "\x00" in value or len(value) > 1000:
        raise ValueError("is not text that can be looked for")
    return value


@takes(PLAIN.schema)
def label(value: str) -> str:
    """A name that people give, as `PLAIN` has it for bodies."""
    try:
        return str(PLAIN(value))
    except ComplaintError as exc:
        raise ValueError(exc.message) from exc


@takes({"type": "string", "format": "date-time"})
def moment(value: str) -> str:
    """RFC 3339, kept as it was written: logs count nanoseconds, datetime does not."""
    try:
        datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as exc:  # the latter at the ends of time
        raise ValueError("must be a date and time such as 2030-01-31T12:00:00Z") from exc
    return value


def one_of(words: Collection[str]) -> Reader:
    def read(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return Reader(read, {"type": "string", "enum": list(words)})


def number(low: int, high: int) -> Reader:
    def read(value: str) -> int:
        digits = value.isascii() and value.isdecimal() and len(value) < 20
        if not digits or not low <= int(value) <= high:
            raise ValueError(f"must be a whole number between {low} and {high}")
        return int(value)

    return Reader(read, {"type": "integer", "minimum": low, "maximum": high})


def usually(value: Any, reader: Reader) -> Reader:
    """With what it is taken for when it is not said."""
    return Reader(reader.run, {**reader.schema, "default": value})


TRUTH = Reader(one_of(("true", "false")), {"type": "boolean"})


@takes({"type": "string", "examples": ["01234567-89ab-cdef-0123-456789abcdef"]})
def identifier(value: str) -> UUID:
    """An id that is none matches nothing, as one of others does."""
    return as_uuid(value) or UUID(int=0)
