"""A build and its log; a release."""

from typing import Any

from services.models import Build, LogChunk, Release
from services.models.times import iso


def build_json(build: Build) -> dict[str, Any]:
    return build_brief(build) | {"dockerfile": build.dockerfile}


def build_brief(build: Build) -> dict[str, Any]:
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


def build_log_json(build: Build, chunks: list[LogChunk], *, after: int) -> dict[str, Any]:
    """`last` is what the next `after` should be."""
    return {
        "chunks": [{"number": chunk.number, "text": chunk.text} for chunk in chunks],
        "state": build.state,
        "last": chunks[-1].number if chunks else after,
    }


def release_json(release: Release, *, current_id: object) -> dict[str, Any]:
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
