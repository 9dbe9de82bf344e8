"""/operations: what was asked for and how far it is."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.query import identifier, number, one_of, query
from services.api.serializers.operation import operation_json, shown
from services.api.team_view import TeamView
from services.errors import NotFoundError
from services.lifecycle.operations import cancel
from services.models import Operation, OperationState
from services.teams.models import Team

USUAL = 50


class OperationList(TeamView):
    """Newest first."""

    scopes = scopes.READ

    def get(self, request: Request, **_: Any) -> Response:
        want = query(
            request,
            service_id=identifier,
            state=one_of(OperationState.values),
            limit=number(1, 200),
        )
        limit = want.pop("limit", USUAL)
        rows = shown(self.team).filter(**want).order_by("-created_at", "-id")[:limit]
        return Response({"data": [operation_json(row) for row in rows]})


class OperationDetail(TeamView):
    scopes = scopes.READ

    def get(self, request: Request, *, operation_id: UUID, **_: Any) -> Response:
        return Response({"data": operation_json(_shown(self.team, operation_id))})


class OperationCancel(TeamView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "operation.cancel"}

    def post(self, request: Request, *, operation_id: UUID, **_: Any) -> Response:
        cancel(find.operation(self.team, operation_id), actor=self.actor)
        return Response({"data": operation_json(_shown(self.team, operation_id))})


def _shown(team: Team, pk: UUID) -> Operation:
    row = shown(team).filter(pk=pk).first()
    if row is None:
        raise NotFoundError("Operation not found")
    return row
