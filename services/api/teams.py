"""/teams: where one may act, another one, another name for it, and away from it."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from services import audit
from services.accounts.members import leave
from services.accounts.teams import create_team, remove_team, rename_team
from services.accounts.tokens import create_token
from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import Described
from services.api.inputs import NEW_TEAM, NOTHING, TEAM
from services.api.paging import Order
from services.api.query import Reader, query, word
from services.api.serializers.people import NewTeamJson, TeamDetailJson, team_detail_json
from services.api.team_view import TeamView
from services.errors import ForbiddenError
from services.teams.models import Role, Scope, Team, member_role
from services.teams.policy import Caller, is_weaker, open_in

ORDER = Order({"name": "name", "created_at": "created_at"}, by="name")
ASKED: dict[str, Reader] = {"search": word, **ORDER.readers()}


class TeamList(TeamView):
    scopes = scopes.TEAMS
    actions = {"POST": "team.create"}

    @Described(
        "listTeams",
        "One's own teams, with one's role in each",
        about="A token is of one team, and shows that.",
        query=ASKED,
        answer=PageOf[TeamDetailJson],
    )
    def get(self, request: Request, **_: Any) -> Response:
        want = query(request, **ASKED)
        rows = find.teams(self.caller).filter(name__icontains=want.get("search", ""))
        page = ORDER.page(rows, want)
        roles = find.roles(self.caller, page.rows)
        return page.answer(
            request, lambda team: team_detail_json(team, roles.get(team.pk, Role.VIEWER))
        )

    @Described(
        "createTeam",
        "Make another team, and be its owner",
        about="For administrators of a team. With `token_name` the answer has a token of the new "
        "team, of scope `admin`, that is shown this once.",
        body=NEW_TEAM,
        answer=Data[NewTeamJson],
        status=201,
        refuses={409: ("team.too_many", "team.name_taken")},
    )
    def post(self, request: Request, **_: Any) -> Response:
        fields = NEW_TEAM.read(request)
        user, token_name = self.caller.user, fields.get("token_name")
        # The asking token is of another team, whose administrators alone may know of it.
        with audit.acting(audit.asked_by(Caller(user), request), "team.create"):
            team = create_team(fields["name"], by=user).team
            text = _token(team, user, token_name) if token_name else None
        audit.note(self.team, after={"team": team.slug})
        if self.caller.token is None:
            open_in(request.session, team.pk)
        data: NewTeamJson = {**team_detail_json(team, Role.OWNER), "token": text}
        return Response({"data": data}, status=201)


class TeamDetail(TeamView):
    scopes = scopes.TEAMS
    actions = {"PATCH": "team.update", "DELETE": "team.remove"}

    @Described("getTeam", "One team, with one's role in it", answer=Data[TeamDetailJson])
    def get(self, request: Request, **_: Any) -> Response:
        return Response({"data": self._shown(self.team)})

    @Described(
        "renameTeam",
        "Give a team another name",
        about="For administrators. Its slug stays, and with it all addresses.",
        body=TEAM,
        answer=Data[TeamDetailJson],
    )
    def patch(self, request: Request, **_: Any) -> Response:
        fields = TEAM.read(request)
        return Response(
            {"data": self._shown(rename_team(self.team, fields["name"], by=self.caller.user))}
        )

    @Described(
        "removeTeam",
        "Remove a team that is empty",
        about="For owners. Nobody else is on it and it has neither services nor workspaces; "
        "`params` counts what is left. Its tokens and invitations end.",
        status=204,
        refuses={403: ("team.owners_only",), 409: ("team.not_empty", "team.last_team")},
    )
    def delete(self, request: Request, **_: Any) -> Response:
        remove_team(self.team, by=self.caller.user)
        return Response(status=204)

    def _shown(self, team: Team) -> TeamDetailJson:
        return team_detail_json(team, member_role(self.caller.user, team) or Role.VIEWER)


class Leave(TeamView):
    scopes = scopes.LEAVE
    actions = {"POST": "member.leave"}

    @Described(
        "leaveTeam",
        "Leave a team",
        about="One's tokens of it end for good. With a session, or a token that reaches as far as "
        "its person.",
        body=NOTHING,
        status=204,
        refuses={403: (), 409: ("team.last_owner",)},
    )
    def post(self, request: Request, **_: Any) -> Response:
        NOTHING.read(request)
        if is_weaker(self.caller, self.admission):
            raise ForbiddenError(
                "A token that reaches less far than its person does not leave for them",
                fix="Sign in to the dashboard, or use a token of your role's whole scope.",
            )
        leave(self.team, user=self.caller.user)
        return Response(status=204)


def _token(team: Team, user: Any, name: str) -> str:
    return create_token(team, user=user, name=name, scope=Scope.ADMIN)[1]
