"""The one gate of the REST face: a view that does not say which scope it needs opens for nobody."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from services.errors import NotFoundError
from services.teams.limits import of_team
from services.teams.models import Scope, Team
from services.teams.policy import Admission, Caller, admit, check_header, home_team

if TYPE_CHECKING:  # at run time DRF's views import this module, by the settings
    from rest_framework.views import APIView

RATE = "kyozo.rate"  # where a request carries what was counted, for the headers of its answer


class TeamPermission(BasePermission):
    """Address, `X-Team-ID` and token must agree on a team, and role and token on the scope. To a
    token of one workspace, what does not say that it is for such tokens is not there."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        caller, scopes = request.auth, getattr(view, "scopes", None)
        if not isinstance(caller, Caller) or scopes is None:
            return False
        method = "GET" if request.method == "HEAD" else str(request.method)
        if caller.token is not None:
            _count(request, caller.token.team, caller)
        if method not in scopes:
            return not hasattr(view, method.lower())  # no such method here: 405 follows
        if caller.is_of_one_workspace and method not in getattr(view, "for_workspace", ()):
            raise NotFoundError("Not found")
        admission = _admission(request, view, caller, scopes[method])
        if caller.token is None:
            _count(request, admission.team, caller)
        view.admission = admission  # type: ignore[attr-defined]  # a TeamView has it
        return True


def _count(request: Request, team: Team, caller: Caller) -> None:
    """Against the token's own team, also where the address names another: no way around it."""
    rate = of_team(team, token_id=caller.token.pk if caller.token else None)
    request.META[RATE] = rate
    rate.check()


def _admission(request: Request, view: "APIView", caller: Caller, need: Scope) -> Admission:
    in_address, header = view.kwargs.get("team_id"), request.headers.get("X-Team-ID")
    team_id = in_address or home_team(caller, header)
    if team_id is None:
        raise NotFoundError("Team not found")
    is_required = in_address is not None and caller.token is not None
    check_header(header, team_id=team_id, is_required=is_required)
    return admit(caller, team_id=team_id, need=need)
