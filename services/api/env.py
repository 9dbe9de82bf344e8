"""/services/ID/env: environment variables; what is secret is never read back."""

from functools import partial
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from services.api import find, scopes
from services.api.answers import Data
from services.api.described import ETAG, IF_MATCH, Described
from services.api.etag import check_match, etag
from services.api.inputs import VARIABLES
from services.api.serializers.service import VariablesJson, variables_json
from services.api.team_view import WorkspaceView
from services.lifecycle.update import set_environment
from services.models import Service


class Environment(WorkspaceView):
    scopes = scopes.READ_WRITE
    actions = {"PATCH": "env.set"}

    @Described(
        "getVariables",
        "Environment variables; secret ones without values",
        answer=Data[VariablesJson],
        headers=(ETAG,),
    )
    def get(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        return _answer(find.service(self.admission, service_id))

    @Described(
        "changeVariables",
        "Merge environment variables; null deletes one",
        body=VARIABLES,
        answer=Data[VariablesJson],
        refuses={422: ("env.secret_stays",)},
        headers=(ETAG, IF_MATCH),
    )
    def patch(self, request: Request, *, service_id: UUID, **_: Any) -> Response:
        """Merges; null deletes a variable."""
        fields = VARIABLES.read(request)
        service = set_environment(
            find.service(self.admission, service_id),
            variables=fields.get("variables", {}),
            secret_names=fields.get("secret_variables"),
            actor=self.actor,
            check=partial(check_match, request),
        )
        return _answer(service)


def _answer(service: Service) -> Response:
    """With the tag of the service: its variables are among its settings."""
    return Response({"data": variables_json(service)}, headers={"ETag": etag(service)})
