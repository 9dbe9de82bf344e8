"""Looking one object up for a caller: only among the team's own, and 404 for everything else."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from services import audit
from services.errors import NotFoundError
from services.models import Build, Operation, Service, Workspace
from services.teams.models import ApiToken, Invitation, Membership, Team

Row = TypeVar("Row", bound=Model)
NOUNS: dict[type[Model], str] = {ApiToken: "Token", Membership: "Member"}


def service(team: Team, pk: UUID) -> Service:
    return _one(Service.objects.visible_to(team).select_related("workspace", "team"), pk)


def workspace(team: Team, pk: UUID) -> Workspace:
    return _one(Workspace.objects.visible_to(team), pk)


def operation(team: Team, pk: UUID) -> Operation:
    return _one(Operation.objects.visible_to(team).select_related("service"), pk)


def build(team: Team, pk: UUID) -> Build:
    return _one(Build.objects.filter(service__team=team), pk)


def token(team: Team, pk: UUID) -> ApiToken:
    return _one(ApiToken.objects.filter(team=team), pk)


def member(team: Team, user_id: int) -> Membership:
    return _one(Membership.objects.filter(team=team).select_related("user"), user_id, by="user_id")


def invitation(team: Team, pk: UUID) -> Invitation:
    return _one(Invitation.objects.filter(team=team).select_related("invited_by"), pk)


def _one(rows: QuerySet[Row], key: UUID | int, *, by: str = "pk") -> Row:
    row = rows.filter(**{by: key}).first()
    if row is None:
        raise NotFoundError(f"{NOUNS.get(rows.model, rows.model.__name__)} not found")
    audit.about(row)
    return row
