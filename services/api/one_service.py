"""One service as answers show it: what programs ask for again and again, so the SQL is kept."""

from uuid import UUID

from services.api.serializers.service import joined
from services.errors import NotFoundError
from services.models import HostPort, Instance, Service
from services.models.prepared_query import PreparedQuery
from services.models.service import ServiceQuerySet
from services.teams.policy import Admission, within


def shown_to(who: Admission, service_id: UUID) -> Service:
    """As `find.service` with all that `service_json` reads."""
    found = (
        _ONE.first(who.team.pk, service_id)
        if who.workspace_id is None
        else _ONE_WITHIN.first(who.team.pk, service_id, who.workspace_id)
    )
    return _whole(found)


def fresh(service: Service) -> Service:
    """The row as it is after a verb, with what an answer shows."""
    return _whole(_ONE.first(service.team_id, service.pk))


def _whole(service: Service | None) -> Service:
    if service is None:  # or removed by somebody else while a verb ran
        raise NotFoundError("Service not found")
    service.given_ports = _PORTS(service.pk)
    service.living_instances = _LIVING(service.pk)
    return service


def _one(team: UUID, key: UUID) -> ServiceQuerySet:
    return joined(Service.objects.visible_to(team)).filter(pk=key)


_ONE = PreparedQuery(_one)
_ONE_WITHIN = PreparedQuery(lambda team, key, only: within(_one(team, key), only, "workspace"))
_PORTS = PreparedQuery(lambda key: HostPort.objects.filter(service=key))
_LIVING = PreparedQuery(lambda key: Instance.objects.alive().filter(service=key))
