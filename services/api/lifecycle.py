"""/services/ID/VERB: start, stop, restart, scale, deploy and roll back."""

from functools import partial
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.described import ETAG, IF_MATCH, Described
from services.api.etag import check_match, etag
from services.api.inputs import DEPLOY, NOTHING, ROLLBACK, SCALE, deploy_options
from services.api.one_service import fresh
from services.api.serializers.service import OperationMetaJson, VerbJson, service_json
from services.api.team_view import WorkspaceView
from services.lifecycle.restart import restart
from services.lifecycle.rollback import rollback
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.lifecycle.update import deploy_with
from services.models import Operation, Service

REFUSES = {409: ("service.busy", "service.wrong_state")}


class VerbView(WorkspaceView):
    """POST only; answers the service as it is now and the operation that was begun, if any."""

    scopes = scopes.READ_WRITE

    def answer(self, service: Service, operation: Operation | None) -> Response:
        meta: OperationMetaJson = {"operation_id": str(operation.id) if operation else None}
        if operation is None:
            meta["unchanged"] = True
        row = fresh(service)
        answer: VerbJson = {"data": service_json(row), "meta": meta}
        return Response(answer, headers={"ETag": etag(row)})


class Start(VerbView):
    actions = {"POST": "service.start"}

    @Described(
        "startService",
        "Start a service; one that never ran gets its first deploy",
        about="Nothing is begun for one that runs, or will by what is open.",
        body=NOTHING,
        answer=VerbJson,
        refuses=REFUSES,
        headers=(ETAG,),
    )
    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        service = find.service(self.admission, service_id)
        return self.answer(service, start(service, actor=self.actor))


class Stop(VerbView):
    actions = {"POST": "service.stop"}

    @Described(
        "stopService",
        "Stop a service",
        about="What runs is cancelled, and the stop goes next.",
        body=NOTHING,
        answer=VerbJson,
        refuses=REFUSES,
        headers=(ETAG,),
    )
    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        service = find.service(self.admission, service_id)
        return self.answer(service, stop(service, actor=self.actor))


class Restart(VerbView):
    actions = {"POST": "service.restart"}

    @Described(
        "restartService",
        "New instances beside the old ones, then in place of them",
        about="Settings that wait are applied with it.",
        body=NOTHING,
        answer=VerbJson,
        refuses=REFUSES,
        headers=(ETAG,),
    )
    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        NOTHING.read(request)
        service = find.service(self.admission, service_id)
        return self.answer(service, restart(service, actor=self.actor))


class Scale(VerbView):
    actions = {"POST": "service.scale"}

    @Described(
        "scaleService",
        "Scale a service to a number of instances",
        body=SCALE,
        answer=VerbJson,
        refuses={**REFUSES, 422: ("service.single_instance",)},
        headers=(ETAG,),
    )
    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        fields = SCALE.read(request)
        service = find.service(self.admission, service_id)
        operation = scale(service, replicas=fields["replica_count"], actor=self.actor)
        return self.answer(service, operation)


class Deploy(VerbView):
    actions = {"POST": "service.deploy"}

    @Described(
        "deployService",
        "Build what is in the folder now, and put it in place of what runs",
        about="`overrides` stay with the service. If it fails, the old release goes on serving. It "
        "takes the place of whatever waits.",
        body=DEPLOY,
        answer=VerbJson,
        refuses=REFUSES,
        headers=(ETAG, IF_MATCH),
    )
    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        fields = DEPLOY.read(request)
        service = find.service(self.admission, service_id)
        operation = deploy_with(
            service,
            fields.get("overrides", {}),
            actor=self.actor,
            options=deploy_options(fields),
            check=partial(check_match, request),
        )
        return self.answer(service, operation)


class Rollback(VerbView):
    actions = {"POST": "service.rollback"}

    @Described(
        "rollBackService",
        "Run an earlier release again, without a build",
        about="Without `release` it is the one before.",
        body=ROLLBACK,
        answer=VerbJson,
        refuses={
            **REFUSES,
            422: ("release.image_gone", "port.in_use", "invalid"),
            503: ("engine.unreachable",),
        },
        headers=(ETAG,),
    )
    def post(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        fields = ROLLBACK.read(request)
        service = find.service(self.admission, service_id)
        operation = rollback(service, to=fields.get("release"), actor=self.actor)
        return self.answer(service, operation)
