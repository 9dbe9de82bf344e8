"""/members: who is on the team, as what, and no longer."""

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from services.accounts.members import change_role, remove_member
from services.api import find, scopes
from services.api.answers import Data
from services.api.described import Described
from services.api.inputs import ROLE
from services.api.serializers.people import MemberJson, member_json
from services.api.team_view import TeamView
from services.teams.models import Membership, Role

MOST = 1000
REFUSES = {403: ("team.owners_only",), 409: ("team.last_owner",)}


class MemberList(TeamView):
    scopes = scopes.READ

    @Described("listMembers", "Who is on the team, up to 1000", answer=Data[list[MemberJson]])
    def get(self, request: Request, **_: Any) -> Response:
        rows = Membership.objects.filter(team=self.team).select_related("user")
        return Response({"data": [member_json(row) for row in rows.order_by("id")[:MOST]]})


class MemberDetail(TeamView):
    scopes = scopes.PEOPLE
    actions = {"PATCH": "member.update", "DELETE": "member.remove"}

    @Described("getMember", "One member", answer=Data[MemberJson])
    def get(self, request: Request, *, user_id: int, **_: Any) -> Response:
        return Response({"data": member_json(find.member(self.team, user_id))})

    @Described(
        "changeMember",
        "Give a member another role",
        about="For administrators; over owners only owners rule.",
        body=ROLE,
        answer=Data[MemberJson],
        refuses=REFUSES,
    )
    def patch(self, request: Request, *, user_id: int, **_: Any) -> Response:
        member = find.member(self.team, user_id)
        fields = ROLE.read(request)
        changed = change_role(member, Role(fields["role"]), by=self.caller.user)
        return Response({"data": member_json(changed)})

    @Described(
        "removeMember",
        "Remove a member, whose tokens of this team end for good",
        about="For administrators; over owners only owners rule.",
        status=204,
        refuses=REFUSES,
    )
    def delete(self, request: Request, *, user_id: int, **_: Any) -> Response:
        remove_member(find.member(self.team, user_id), by=self.caller.user)
        return Response(status=204)
