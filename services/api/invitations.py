"""/invitations: let somebody in; and /invitations/accept: come in."""

from typing import Any
from uuid import UUID

from django.db import transaction
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from services import audit
from services.accounts.invitations import Newcomer, accept, invite, revoke
from services.accounts.sign_in import create_link
from services.api import find, scopes
from services.api.inputs import ACCEPT, INVITATION
from services.api.paging import Order
from services.api.query import query
from services.api.serializers.people import invitation_json, member_json
from services.api.team_view import TeamView
from services.errors import BadRequestError
from services.models.checks import read
from services.teams.models import Invitation, Membership, Role, Scope
from services.teams.policy import Caller, admit

ORDER = Order({"created_at": "created_at"}, by="created_at", descending=True)


class InvitationList(TeamView):
    scopes = scopes.ADMIN
    actions = {"POST": "invitation.create"}

    def get(self, request: Request, **_: Any) -> Response:
        rows = Invitation.objects.filter(team=self.team).select_related("invited_by")
        return ORDER.page(rows, query(request, **ORDER.readers())).answer(request, invitation_json)

    def post(self, request: Request, **_: Any) -> Response:
        fields = read(request.data, INVITATION, required=["role"])
        role = Role(fields.pop("role"))
        made, text = invite(self.team, by=self.caller.user, role=role, **fields)
        return Response({"data": invitation_json(made) | {"token": text}}, status=201)


class InvitationDetail(TeamView):
    scopes = scopes.ADMIN
    actions = {"DELETE": "invitation.revoke"}

    def delete(self, request: Request, *, invitation_id: UUID, **_: Any) -> Response:
        revoke(find.invitation(self.team, invitation_id))
        return Response(status=204)


class Accept(APIView):
    """For those who are signed in, and for those who get an account by it: with a link that opens
    the new team to them."""

    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        caller = request.auth if isinstance(request.auth, Caller) else None
        who = audit.asked_by(caller, request)
        with audit.acting(who, "invitation.accept"), transaction.atomic():
            member = _joined(request, caller) if caller else _arrived(request)
            link = create_link(member.user, team=member.team)
        url = request.build_absolute_uri(f"/sign-in/{link}")
        return Response({"data": _answer(member) | {"sign_in_url": url}}, status=201)


def _joined(request: Request, caller: Caller) -> Membership:
    fields = read(request.data, {"token": ACCEPT["token"]}, required=["token"])
    if caller.token:  # a weaker one does not act for its person beyond its own team
        admit(caller, team_id=caller.token.team_id, need=Scope.ADMIN)
    return accept(fields["token"], caller.user)


def _arrived(request: Request) -> Membership:
    fields = read(request.data, ACCEPT, required=["token"])
    if "username" not in fields or "password" not in fields:
        raise BadRequestError(
            "Nobody is signed in",
            details={name: ["is required"] for name in ("username", "password")},
            fix="sign in first, or choose a username and a password for a new account",
        )
    return accept(fields["token"], Newcomer(fields["username"], fields["password"]))


def _answer(member: Membership) -> dict[str, Any]:
    team = {"id": str(member.team_id), "name": member.team.name, "slug": member.team.slug}
    return {"member": member_json(member), "team": team}
