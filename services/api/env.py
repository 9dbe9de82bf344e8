"""/services/ID/env: environment variables; what is secret is never read back."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.inputs import VARIABLES
from services.api.serializers.service import environment_json
from services.api.team_view import WorkspaceView
from services.lifecycle.update import set_environment
from services.models import Service


class Environment(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"PATCH": "env.set"}

    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return Response({"data": env_json(find.service(self.admission, service_id))})

    def patch(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        """Merges; null deletes a variable."""
        fields = VARIABLES.read(request)
        service = set_environment(
            find.service(self.admission, service_id),
            variables=fields.get("variables", {}),
            secret_names=fields.get("secret_variables"),
            actor=self.actor,
        )
        return Response({"data": env_json(service)})


def env_json(service: Service) -> dict[str, Any]:
    shown = environment_json(service)
    return {"variables": shown.pop("environment_variables"), **shown}
