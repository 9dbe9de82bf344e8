"""/clean: take away what nobody wants any more, or see what that would be."""

from dataclasses import asdict
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from services import audit
from services.api import scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.inputs import CLEAN
from services.api.team_view import TeamView
from services.lifecycle.clean import clean
from services.lifecycle.leftovers import Report


class CleanUp(TeamView):
    """The team's own things; where the platform is one person's, also those of no team."""

    scopes = scopes.ADMIN
    actions = {"POST": "platform.clean"}
    is_long = True

    @Described(
        "cleanUp",
        "Remove what nobody wants any more, or see what that would be",
        about="For administrators. Never a volume, and never what is not the platform's own.",
        body=CLEAN,
        answer=Data[Report],
        refuses={409: (), 503: ("engine.unreachable",)},
    )
    def post(self, request: Request, **_: Any) -> Response:
        fields = CLEAN.read(request)
        is_alone = settings.KYOZO["MODE"] == "embedded"
        dry_run = fields.get("dry_run", False)
        # Before it: what the engine removes cannot be undone with a row that was not written.
        audit.note(self.team, after={"dry_run": dry_run})
        report = clean(team=self.team, shared=is_alone, orphans=True, dry_run=dry_run)
        return Response({"data": asdict(report)})
