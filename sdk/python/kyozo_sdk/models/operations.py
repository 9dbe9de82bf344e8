"""What was asked for and what happened: operations, builds, events."""

from typing import Any

from kyozo_sdk.models.service import EventBrief, Url
from kyozo_sdk.records import Record


class Step(Record):
    """A step of an operation."""

    name: str
    state: str
    detail: str | None
    started_at: str | None
    ended_at: str | None
    seconds: float | None


class Operation(Record):
    """One thing that was asked for, with its steps."""

    id: str
    kind: str
    state: str
    service_id: str
    service_name: str
    step: str | None
    steps: list[Step]
    build_id: str | None
    release: int | None
    error: dict[str, Any] | None
    result: dict[str, Any]
    urls: list[Url]
    is_cancelling: bool
    created_at: str
    started_at: str | None
    ended_at: str | None
    requested_by: str | None


class BuildBrief(Record):
    """A build without its Dockerfile."""

    id: str
    service_id: str
    operation_id: str
    state: str
    content_hash: str | None
    image_ref: str | None
    image_digest: str | None
    is_cached: bool
    size_bytes: int | None
    failure: dict[str, Any] | None
    started_at: str
    ended_at: str | None


class Build(BuildBrief):
    """A build."""

    dockerfile: str


class LogChunk(Record):
    """A piece of a build log."""

    number: int
    text: str


class BuildLog(Record):
    """Pieces of a build log; `last` is the `after` of the next request."""

    chunks: list[LogChunk]
    state: str
    last: int


class Event(EventBrief):
    """What happened, numbered without gaps in its team."""

    event: str
    service_id: str | None
    service_name: str
