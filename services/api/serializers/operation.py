"""An operation with its steps: what the stage bar shows."""

from typing import Any

from django.db.models import Prefetch, QuerySet

from services.api.serializers.service import urls_json
from services.models import Build, Operation, OperationStep
from services.models.times import iso


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
        )
        .prefetch_related(
            "steps",
            Prefetch("service__host_ports", to_attr="given_ports"),
            Prefetch("builds", builds),
        )
    )


def operation_json(operation: Operation) -> dict[str, Any]:
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


def step_json(step: OperationStep) -> dict[str, Any]:
    took = step.ended_at - step.started_at if step.started_at and step.ended_at else None
    return {
        "name": step.name,
        "state": step.state,
        "detail": step.detail or None,
        "started_at": iso(step.started_at),
        "ended_at": iso(step.ended_at),
        "seconds": round(took.total_seconds(), 2) if took is not None else None,
    }
