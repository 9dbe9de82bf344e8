"""Looking one object up for a caller: only among the team's own, and 404 for everything else."""

from collections.abc import Collection
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from services import audit
from services.errors import NotFoundError
from services.models import Build, Event, Operation, Service, Workspace
from services.models.service import ServiceQuerySet
from services.teams.models import ApiToken, Invitation, Membership, Role, Scope, Team
from services.teams.policy import Admission, Caller, is_weaker, memberships, within

Row = TypeVar("Row", bound=Model)
NOUNS: dict[type[Model], str] = {ApiToken: "Token", Membership: "Member"}


def services(who: Admission) -> ServiceQuerySet:
    return within(Service.objects.visible_to(who.team), who.workspace_id, "workspace")


def workspaces(who: Admission) -> QuerySet[Workspace]:
    return within(Workspace.objects.visible_to(who.team), who.workspace_id, "pk")


def operations(who: Admission) -> QuerySet[Operation]:
    rows = Operation.objects.visible_to(who.team)
    return within(rows, who.workspace_id, "service__workspace")


def builds(who: Admission) -> QuerySet[Build]:
    rows = Build.objects.filter(service__team=who.team)
    return within(rows, who.workspace_id, "service__workspace")


def events(who: Admission) -> QuerySet[Event]:
    rows = Event.objects.filter(team=who.team)
    return within(rows, who.workspace_id, "service__workspace")


def tokens(caller: Caller, who: Admission) -> QuerySet[ApiToken]:
    """To an administrator all of the team, to others their own. A token that reaches less far than
    its person knows itself only."""
    rows = ApiToken.objects.filter(team=who.team).select_related("user")
    if who.scope == Scope.ADMIN:
        return rows
    if caller.token is not None and is_weaker(caller, who):
        return rows.filter(pk=caller.token.pk)
    return rows.filter(user=caller.user)


def teams(caller: Caller) -> QuerySet[Team]:
    """Where the caller may act: of a token, its own team."""
    living = Team.objects.living()
    if caller.token is not None:
        return living.filter(pk=caller.token.team_id)
    return living.filter(pk__in=memberships(caller).values("team"))


def roles(caller: Caller, found: Collection[Team]) -> dict[UUID, Role]:
    rows = Membership.objects.filter(user=caller.user, team__in=found)
    return {team: Role(role) for team, role in rows.values_list("team", "role")}


def service(who: Admission, pk: UUID) -> Service:
    return _one(services(who).select_related("workspace", "team"), pk)


def workspace(who: Admission, pk: UUID) -> Workspace:
    return _one(workspaces(who), pk)


def operation(who: Admission, pk: UUID) -> Operation:
    return _one(operations(who).select_related("service"), pk)


def build(who: Admission, pk: UUID) -> Build:
    return _one(builds(who), pk)


def token(caller: Caller, who: Admission, pk: UUID) -> ApiToken:
    return _one(tokens(caller, who).select_related("team"), pk)


def member(team: Team, user_id: int) -> Membership:
    return _one(Membership.objects.filter(team=team).select_related("user"), user_id, by="user_id")


def invitation(team: Team, pk: UUID) -> Invitation:
    return _one(Invitation.objects.filter(team=team).select_related("team"), pk)


def _one(rows: QuerySet[Row], key: UUID | int, *, by: str = "pk") -> Row:
    row = rows.filter(**{by: key}).first()
    if row is None:
        raise NotFoundError(f"{NOUNS.get(rows.model, rows.model.__name__)} not found")
    audit.about(row)
    return row
