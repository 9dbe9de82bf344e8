"""/me: who a token is, and on what; /sign-in-links: a way into the dashboard."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from services.accounts.sign_in import create_link
from services.api import scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.inputs import NOTHING
from services.api.serializers.people import MeJson, SignInLinkJson, team_json
from services.api.team_view import TeamView, WorkspaceView
from services.models.times import iso
from services.proxied import link_to
from services.teams.models import Scope


class Me(WorkspaceView):
    scopes = scopes.READ

    @Described("getMe", "Who the token is, and on what", answer=Data[MeJson])
    def get(self, request: Request, **_: Any) -> Response:
        user, team, scope = self.caller.user, self.team, self.admission.scope
        data: MeJson = {
            "user": {"id": user.pk, "name": user.get_username()},
            "team": team_json(team),
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

    @Described(
        "createSignInLink",
        "A one-time link to the dashboard, good for half an hour",
        about="For administrators.",
        body=NOTHING,
        answer=Data[SignInLinkJson],
        status=201,
    )
    def post(self, request: Request, **_: Any) -> Response:
        NOTHING.read(request)
        url = link_to(f"/sign-in/{create_link(self.caller.user, team=self.team)}", request)
        expires_at = iso(timezone.now() + settings.SIGN_IN_LINK_LIFE)
        link: SignInLinkJson = {"url": url, "expires_at": expires_at}
        return Response({"data": link}, status=201)
