"""An operation with its steps: what the stage bar shows."""

from typing import Annotated, TypedDict

from django.db.models import Prefetch, QuerySet

from services.api.answers import Id, Instant, Json, words
from services.api.serializers.service import UrlJson, urls_json
from services.models import Build, Kind, Operation, OperationState, OperationStep
from services.models.times import iso


class StepJson(TypedDict):
    name: str
    state: Annotated[str, words(("pending", "running", "succeeded", "failed", "skipped"))]
    detail: str | None
    started_at: Instant | None
    ended_at: Instant | None
    seconds: float | None


class OperationJson(TypedDict):
    id: Id
    kind: Annotated[str, words(Kind.values)]
    state: Annotated[str, words(OperationState.values)]
    service_id: Id
    service_name: str
    step: Annotated[str | None, "The one that runs, or ran last."]
    steps: list[StepJson]
    build_id: Id | None
    release: int | None
    error: Annotated[Json | None, "`code`, `message`, `fix` and more, once it failed."]
    result: Json
    urls: list[UrlJson]
    is_cancelling: bool
    created_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    requested_by: str | None


def shown(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """These with all that `operation_json` reads, in a fixed number of queries."""
    builds = Build.objects.only("id", "operation_id", "started_at").order_by("-started_at")
    return (
        operations.select_related("service", "service__workspace", "release")
        .defer(
            "release__environment",
            "release__config",
            "service__environment",
            "service__workspace__git_credential",
            "service__workspace__password_seed",
        )
        .prefetch_related(
            "steps",
            Prefetch("service__host_ports", to_attr="given_ports"),
            Prefetch("builds", builds),
        )
    )


def operation_json(operation: Operation) -> OperationJson:
    build = next(iter(operation.builds.all()), None)
    return {
        "id": str(operation.id),
        "kind": operation.kind,
        "state": operation.state,
        "service_id": str(operation.service_id),
        "service_name": operation.service.name,
        "step": operation.step or None,
        "steps": [step_json(step) for step in operation.steps.all()],
        "build_id": str(build.id) if build else None,
        "release": operation.release.number if operation.release else None,
        "error": operation.error or None,
        "result": operation.result,
        "urls": urls_json(operation.service),
        "is_cancelling": operation.is_open and operation.cancel_requested_at is not None,
        "created_at": iso(operation.created_at),
        "started_at": iso(operation.started_at),
        "ended_at": iso(operation.ended_at),
        "requested_by": operation.requested_by or None,
    }


def step_json(step: OperationStep) -> StepJson:
    took = step.ended_at - step.started_at if step.started_at and step.ended_at else None
    return {
        "name": step.name,
        "state": step.state,
        "detail": step.detail or None,
        "started_at": iso(step.started_at),
        "ended_at": iso(step.ended_at),
        "seconds": round(took.total_seconds(), 2) if took is not None else None,
    }
