"""/operations: what was asked for and how far it is."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import Described
from services.api.inputs import NOTHING
from services.api.paging import Order
from services.api.query import Reader, identifier, one_of, query
from services.api.serializers.operation import OperationJson, operation_json, shown
from services.api.team_view import WorkspaceView
from services.errors import NotFoundError
from services.lifecycle.operations import cancel
from services.models import Kind, Operation, OperationState
from services.teams.policy import Admission

ORDER = Order(
    {name: name for name in ("created_at", "kind", "state")},
    by="created_at",
    descending=True,
    usual=50,
)
EXACT: dict[str, Reader] = {
    "service_id": identifier,
    "state": one_of(OperationState.values),
    "kind": one_of(Kind.values),
}
ASKED = EXACT | ORDER.readers()


class OperationList(WorkspaceView):
    """Newest first."""

    scopes = scopes.READ

    @Described(
        "listOperations",
        "What was asked for, newest first",
        about="The deployments are those with `kind=deploy`.",
        query=ASKED,
        answer=PageOf[OperationJson],
    )
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        exact = {name: want[name] for name in EXACT.keys() & want.keys()}
        rows = shown(find.operations(self.admission)).filter(**exact)
        return ORDER.page(rows, want).answer(request, operation_json)


class OperationDetail(WorkspaceView):
    scopes = scopes.READ

    @Described("getOperation", "One operation with its steps", answer=Data[OperationJson])
    def get(self, request: Request, *, operation_id: UUID, **_: Any) -> Response:
        return Response({"data": operation_json(_shown(self.admission, operation_id))})


class OperationCancel(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"POST": "operation.cancel"}

    @Described(
        "cancelOperation",
        "Cancel an operation, until it switched over",
        about="Twice is harmless.",
        body=NOTHING,
        answer=Data[OperationJson],
        refuses={409: ("operation.not_cancellable", "operation.too_late")},
    )
    def post(self, request: Request, *, operation_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        cancel(find.operation(self.admission, operation_id), actor=self.actor)
        return Response({"data": operation_json(_shown(self.admission, operation_id))})


def _shown(who: Admission, pk: UUID) -> Operation:
    row = shown(find.operations(who)).filter(pk=pk).first()
    if row is None:
        raise NotFoundError("Operation not found")
    return row
