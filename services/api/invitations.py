"""/invitations: let somebody in; and /invitations/accept: come in."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from services import audit
from services.accounts.invitations import Newcomer, accept, invite, revoke
from services.api import find, scopes
from services.api.answers import Data, PageOf
from services.api.described import Described
from services.api.idempotency import Owner, once
from services.api.inputs import ACCEPT, ACCEPT_AS_NEWCOMER, INVITATION
from services.api.paging import Order
from services.api.query import query
from services.api.serializers.people import (
    ArrivalJson,
    InvitationJson,
    NewInvitationJson,
    invitation_json,
    member_json,
    team_json,
)
from services.api.team_view import TeamView
from services.errors import BadRequestError
from services.proxied import address_of, link_to
from services.teams.limits import of_address, of_team
from services.teams.models import Invitation, Membership, Role, Scope, hash_token
from services.teams.permissions import RATE
from services.teams.policy import Caller, admit

ORDER = Order({"created_at": "created_at"}, by="created_at", descending=True)
ASKED = ORDER.readers()


class InvitationList(TeamView):
    scopes = scopes.ADMIN
    actions = {"POST": "invitation.create"}

    @Described(
        "listInvitations",
        "Invitations, newest first",
        about="For administrators.",
        query=ASKED,
        answer=PageOf[InvitationJson],
    )
    def get(self, request: Request, **_: Any) -> Response:
        rows = Invitation.objects.filter(team=self.team).select_related("invited_by")
        return ORDER.page(rows, query(request, **ASKED)).answer(request, invitation_json)

    @Described(
        "inviteMember",
        "Invite somebody, with a token that is shown this once",
        about="For administrators. Good for seven days if not said; no mail is sent.",
        body=INVITATION,
        answer=Data[NewInvitationJson],
        status=201,
        refuses={403: ("team.owners_only",), 409: ("team.too_many_invitations",)},
    )
    def post(self, request: Request, **_: Any) -> Response:
        fields = INVITATION.read(request)
        role = Role(fields.pop("role"))
        made, text = invite(self.team, by=self.caller.user, role=role, **fields)
        join_url = link_to(f"/join/{text}", request)
        data: NewInvitationJson = {**invitation_json(made), "token": text, "join_url": join_url}
        return Response({"data": data}, status=201)


class InvitationDetail(TeamView):
    scopes = scopes.ADMIN
    actions = {"DELETE": "invitation.revoke"}

    @Described(
        "revokeInvitation",
        "Revoke an invitation",
        about="For administrators.",
        status=204,
        refuses={403: ("team.owners_only",), 409: ("invitation.accepted",)},
    )
    def delete(self, request: Request, *, invitation_id: UUID, **_: Any) -> Response:
        revoke(find.invitation(self.team, invitation_id), by=self.caller.user)
        return Response(status=204)


def _caller(request: Request) -> Caller | None:
    return request.auth if isinstance(request.auth, Caller) else None


def _invited(view: APIView, request: Request) -> Owner | None:
    """Who has an invitation, used or not, and is no member yet: nobody else leaves a key here."""
    said = request.data.get("token") if isinstance(request.data, dict) else None
    rows = Invitation.objects.select_related("team")
    found = rows.filter(hash=hash_token(said)).first() if isinstance(said, str) else None
    caller = _caller(request)
    name = f"invitation:{found.pk}:{caller.user.pk if caller else ''}" if found else ""
    return Owner(found.team, name) if found else None


class Accept(APIView):
    """For those who are signed in, and for those who get an account by it: with a link that opens
    the new team to them."""

    permission_classes = [AllowAny]

    @Described(
        "acceptInvitation",
        "Come in",
        about="With a session or a token of scope `admin` that person joins; without either, "
        "`username` and `password` make an account.",
        body=ACCEPT_AS_NEWCOMER,
        answer=Data[ArrivalJson],
        status=201,
        refuses={403: (), 404: ("invitation.over",), 409: ("team.already_member",)},
    )
    def post(self, request: Request) -> Response:
        _count(request, _caller(request))
        return self._accept(request)

    @partial(once, whose=_invited)
    def _accept(self, request: Request) -> Response:
        caller = _caller(request)
        token, who = _somebody(request, caller) if caller else _newcomer(request)
        # A token is of another team, whose administrators alone may know of it.
        person = Caller(caller.user) if caller else None
        with audit.acting(audit.asked_by(person, request), "invitation.accept"):
            arrival = accept(token, who)
        url = link_to(f"/sign-in/{arrival.link}", request)
        return Response({"data": _arrived(arrival.member, url)}, status=201)


def _count(request: Request, caller: Caller | None) -> None:
    """Before the invitation is used up: nothing that took effect is answered with a 429."""
    token = caller.token if caller else None
    rate = of_team(token.team, token_id=token.pk) if token else of_address(address_of(request))
    request.META[RATE] = rate
    rate.check()


def _somebody(request: Request, caller: Caller) -> tuple[str, User]:
    fields = ACCEPT.read(request)
    if caller.token:  # a weaker one does not act for its person beyond its own team
        admit(caller, team_id=caller.token.team_id, need=Scope.ADMIN)
    return fields["token"], caller.user


def _newcomer(request: Request) -> tuple[str, Newcomer]:
    fields = ACCEPT_AS_NEWCOMER.read(request)
    missing = [name for name in ("username", "password") if name not in fields]
    if missing:
        raise BadRequestError(
            "Nobody is signed in",
            details={name: ["is required"] for name in missing},
            fix="sign in first, or choose a username and a password for a new account",
        )
    return fields["token"], Newcomer(fields["username"], fields["password"])


def _arrived(member: Membership, url: str) -> ArrivalJson:
    return {"member": member_json(member), "team": team_json(member.team), "sign_in_url": url}
