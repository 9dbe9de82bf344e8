"""The pages of members and invitations, and of the team itself."""

from datetime import timedelta
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from services.accounts import invitations as verbs
from services.accounts.members import RULES_OVER, change_role, leave, remove_member
from services.accounts.teams import create_team, remove_team, rename_team
from services.dashboard.fields import name_field
from services.dashboard.visit import Visit, team_page
from services.errors import KyozoError
from services.proxied import link_to
from services.teams.models import Invitation, Membership, Role, Scope
from services.teams.policy import open_in

MOST = 1000
MOST_NUMBER = 2**63 - 1  # beyond it a database raises
DAYS = (1, 7, 30)


class ARole(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class NewInvitation(ARole):
    email = forms.EmailField(max_length=254, required=False)
    days = forms.TypedChoiceField(choices=[(day, day) for day in DAYS], coerce=int)


class ATeam(forms.Form):
    name = name_field()


@team_page(Scope.READ, "GET", "HEAD")
def members(visit: Visit) -> HttpResponse:
    return _members(visit)


@team_page(Scope.ADMIN, "POST")
def member_role(visit: Visit, user_id: int) -> HttpResponse:
    member = _member(visit, user_id)
    try:
        fields = visit.fields(ARole)
        with visit.doing("member.update"):
            change_role(member, Role(fields["role"]), by=visit.user)
    except KyozoError as exc:
        return _members(visit, exc)
    return visit.done("members", "changed")


@team_page(Scope.ADMIN, "POST")
def member_remove(visit: Visit, user_id: int) -> HttpResponse:
    member = _member(visit, user_id)
    try:
        with visit.doing("member.remove"):
            remove_member(member, by=visit.user)
    except KyozoError as exc:
        return _members(visit, exc)
    return redirect("home") if user_id == visit.user.pk else visit.done("members", "removed")


@team_page(Scope.ADMIN)
def invitations(visit: Visit) -> HttpResponse:
    if visit.request.method != "POST":
        return _invitations(visit)
    try:
        fields = visit.fields(NewInvitation)
        until = timezone.now() + timedelta(days=fields["days"], seconds=-1)
        with visit.doing("invitation.create"):
            made, text = verbs.invite(
                visit.team,
                by=visit.user,
                role=Role(fields["role"]),
                email=fields["email"],
                expires_at=until,
            )
    except KyozoError as exc:
        return _invitations(visit, exc)
    link = link_to(reverse("join", kwargs={"secret": text}), visit.request)
    return _invitations(visit, made=made, link=link)


@team_page(Scope.ADMIN, "POST")
def invitation_revoke(visit: Visit, invitation_id: UUID) -> HttpResponse:
    rows = Invitation.objects.select_related("team").filter(team=visit.team, pk=invitation_id)
    if (invitation := rows.first()) is None:
        raise Http404
    try:
        with visit.doing("invitation.revoke"):
            verbs.revoke(invitation, by=visit.user)
    except KyozoError as exc:
        return _invitations(visit, exc)
    return visit.done("invitations", "revoked")


@team_page(Scope.READ, "GET", "HEAD")
def team(visit: Visit) -> HttpResponse:
    return visit.show("team")


@team_page(Scope.ADMIN, "POST")
def team_rename(visit: Visit) -> HttpResponse:
    try:
        fields = visit.fields(ATeam)
        with visit.doing("team.update"):
            rename_team(visit.team, fields["name"], by=visit.user)
    except KyozoError as exc:
        return visit.show("team", exc)
    return visit.done("team", "renamed")


@team_page(Scope.ADMIN, "POST")
def team_create(visit: Visit) -> HttpResponse:
    """By the rule of the API: who rules over a team may make another."""
    try:
        fields = visit.fields(ATeam)
        with visit.doing("team.create"), transaction.atomic():
            made = create_team(fields["name"], by=visit.user).team
    except KyozoError as exc:
        return visit.show("team", exc)
    open_in(visit.request.session, made.pk)
    return redirect(reverse("team", kwargs={"slug": made.slug}))


@team_page(Scope.READ, "POST")
def team_leave(visit: Visit) -> HttpResponse:
    try:
        with visit.doing("member.leave"):
            leave(visit.team, user=visit.user)
    except KyozoError as exc:
        return visit.show("team", exc)
    return redirect("home")


@team_page(Scope.ADMIN, "POST")
def team_remove(visit: Visit) -> HttpResponse:
    try:
        with visit.doing("team.remove"):
            remove_team(visit.team, by=visit.user)
    except KyozoError as exc:
        return visit.show("team", exc)
    return redirect("home")


def _members(visit: Visit, error: KyozoError | None = None) -> HttpResponse:
    rows = Membership.objects.filter(team=visit.team).select_related("user").order_by("id")[:MOST]
    over = RULES_OVER[visit.role]
    shown = [(row, visit.can_rule and Role(row.role) in over) for row in rows]
    return visit.show("members", error, members=shown, roles=_roles(visit))


def _member(visit: Visit, user_id: int) -> Membership:
    rows = Membership.objects.filter(team=visit.team, user_id=min(user_id, MOST_NUMBER))
    if (found := rows.select_related("user", "team").first()) is None:
        raise Http404
    return found


def _roles(visit: Visit) -> list[Role]:
    return [role for role in Role if role in RULES_OVER[visit.role]]


def _invitations(visit: Visit, error: KyozoError | None = None, **more: object) -> HttpResponse:
    rows = Invitation.objects.filter(team=visit.team).select_related("invited_by")
    is_open = set(rows.open().values_list("pk", flat=True))
    return visit.show(
        "invitations",
        error,
        invitations=[(row, row.pk in is_open) for row in rows.order_by("-created_at")[:MOST]],
        roles=_roles(visit),
        days=DAYS,
        said=visit.request.POST if error else {},
        **more,
    )
