"""/me: who a token is, and on what; /sign-in-links: a way into the dashboard."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from services.accounts.sign_in import create_link
from services.api import scopes
from services.api.inputs import NOTHING
from services.api.team_view import TeamView, WorkspaceView
from services.models.times import iso
from services.teams.models import Scope


class Me(WorkspaceView):
    scopes = scopes.READ

    def get(self, request: Request, **_: Any) -> Response:
        user, team, scope = self.caller.user, self.team, self.admission.scope
        data: dict[str, Any] = {
            "user": {"id": user.pk, "name": user.get_username()},
            "team": {"id": str(team.id), "name": team.name, "slug": team.slug},
            "scope": scope.value,
            "workspace_id": str(limit) if (limit := self.admission.workspace_id) else None,
            "version": settings.KYOZO["VERSION"],
            "mode": settings.KYOZO["MODE"],
        }
        if scope == Scope.ADMIN and data["mode"] == "embedded":
            data["state_dir"] = str(settings.KYOZO["HOME"])
        return Response({"data": data})


class SignInLinks(TeamView):
    scopes = scopes.ADMIN
    actions = {"POST": "sign_in_link.create"}

    def post(self, request: Request, **_: Any) -> Response:
        NOTHING.read(request)
        url = request.build_absolute_uri(
            f"/sign-in/{create_link(self.caller.user, team=self.team)}"
        )
        expires_at = iso(timezone.now() + settings.SIGN_IN_LINK_LIFE)
        return Response({"data": {"url": url, "expires_at": expires_at}}, status=201)
