"""Looking one object up for a caller: only among the team's own, and 404 for everything else."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from services import audit
from services.errors import NotFoundError
from services.models import Build, Operation, Service, Workspace
from services.teams.models import ApiToken, Team

Row = TypeVar("Row", bound=Model)
NOUNS: dict[type[Model], str] = {ApiToken: "Token"}


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


def _one(rows: QuerySet[Row], pk: UUID) -> Row:
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFoundError(f"{NOUNS.get(rows.model, rows.model.__name__)} not found")
    audit.about(row)
    return row
