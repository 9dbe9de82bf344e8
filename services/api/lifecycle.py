"""/services/ID/VERB: start, stop, restart, scale, deploy and roll back."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.inputs import DEPLOY, NOTHING, ROLLBACK, SCALE, deploy_options
from services.api.serializers.service import service_json
from services.api.service import fresh
from services.api.team_view import WorkspaceView
from services.lifecycle.deploy import deploy
from services.lifecycle.restart import restart
from services.lifecycle.rollback import rollback
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.lifecycle.update import override
from services.models import Operation, Service


class VerbView(WorkspaceView):
    """POST only; answers the service as it is now and the operation that was begun, if any."""

    scopes = scopes.READ_WRITE

    def answer(self, service: Service, operation: Operation | None) -> Response:
        meta: dict[str, Any] = {"operation_id": str(operation.id) if operation else None}
        if operation is None:
            meta["unchanged"] = True
        return Response({"data": service_json(fresh(service)), "meta": meta})


class Start(VerbView):
    actions = {"POST": "service.start"}

    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        service = find.service(self.admission, service_id)
        return self.answer(service, start(service, actor=self.actor))


class Stop(VerbView):
    actions = {"POST": "service.stop"}

    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        service = find.service(self.admission, service_id)
        return self.answer(service, stop(service, actor=self.actor))


class Restart(VerbView):
    actions = {"POST": "service.restart"}

    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        service = find.service(self.admission, service_id)
        return self.answer(service, restart(service, actor=self.actor))


class Scale(VerbView):
    actions = {"POST": "service.scale"}

    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        fields = SCALE.read(request)
        service = find.service(self.admission, service_id)
        operation = scale(service, replicas=fields["replica_count"], actor=self.actor)
        return self.answer(service, operation)


class Deploy(VerbView):
    actions = {"POST": "service.deploy"}

    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        fields = DEPLOY.read(request)
        service = find.service(self.admission, service_id)
        if overrides := fields.get("overrides"):
            override(service, overrides, actor=self.actor)
        return self.answer(
            service, deploy(service, actor=self.actor, options=deploy_options(fields))
        )


class Rollback(VerbView):
    actions = {"POST": "service.rollback"}

    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        fields = ROLLBACK.read(request)
        service = find.service(self.admission, service_id)
        operation = rollback(service, to=fields.get("release"), actor=self.actor)
        return self.answer(service, operation)
