"""A build and its log; a release."""

from typing import Annotated, TypedDict

from services.api.answers import Id, Instant, Json, words
from services.models import Build, BuildState, LogChunk, Release
from services.models.times import iso

State = Annotated[str, words(BuildState.values)]


class BuildBriefJson(TypedDict):
    id: Id
    service_id: Id
    operation_id: Id
    state: State
    content_hash: str | None
    image_ref: str | None
    image_digest: str | None
    is_cached: Annotated[bool, "Nothing had to be built."]
    size_bytes: int | None
    failure: Annotated[Json | None, "`code`, `message`, `fix` and more of a build that failed."]
    started_at: Instant
    ended_at: Instant | None


class BuildJson(BuildBriefJson):
    dockerfile: str


class LogChunkJson(TypedDict):
    number: int
    text: str


class BuildLogJson(TypedDict):
    chunks: list[LogChunkJson]
    state: State
    last: Annotated[int, "Send it as `after` to get what comes next."]


class ReleaseJson(TypedDict):
    number: int
    image_ref: str
    image_digest: str
    is_current: bool
    rolled_back_from: int | None
    build_id: Id | None
    git_commit: str | None
    created_by: str | None
    created_at: Instant


class ChangeJson(TypedDict):
    """Values of variables are never told."""

    field: str
    kind: Annotated[str, words(("added", "removed", "changed"))]
    before: object
    after: object


class ReleaseDiffJson(TypedDict):
    release: int
    against: Annotated[int, "0 where there was none before."]
    changes: list[ChangeJson]


def build_json(build: Build) -> BuildJson:
    return {**build_brief(build), "dockerfile": build.dockerfile}


def build_brief(build: Build) -> BuildBriefJson:
    return {
        "id": str(build.id),
        "service_id": str(build.service_id),
        "operation_id": str(build.operation_id),
        "state": build.state,
        "content_hash": build.content_hash or None,
        "image_ref": build.image_ref or None,
        "image_digest": build.image_digest or None,
        "is_cached": build.is_cached,
        "size_bytes": build.size_bytes,
        "failure": build.failure or None,
        "started_at": iso(build.started_at),
        "ended_at": iso(build.ended_at),
    }


def build_log_json(build: Build, chunks: list[LogChunk], *, after: int) -> BuildLogJson:
    return {
        "chunks": [{"number": chunk.number, "text": chunk.text} for chunk in chunks],
        "state": build.state,
        "last": chunks[-1].number if chunks else after,
    }


def release_json(release: Release, *, current_id: object) -> ReleaseJson:
    return {
        "number": release.number,
        "image_ref": release.image_ref,
        "image_digest": release.image_digest,
        "is_current": release.pk == current_id,
        "rolled_back_from": release.rolled_back_from,
        "build_id": str(release.build_id) if release.build_id else None,
        "git_commit": release.git_commit or None,
        "created_by": release.created_by or None,
        "created_at": iso(release.created_at),
    }
