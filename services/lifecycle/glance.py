"""One look at everything: one call to the engine and four queries say which services are exactly as
wanted. Only the others get a pass of their own, with its claim and its fresh look."""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from services.lifecycle.decide import decide
from services.lifecycle.engine import runtime
from services.lifecycle.observe import is_as_noted, seen_of, uuid_of
from services.lifecycle.reconcile import wanted
from services.models import Instance, Phase, Rollout, Service, Status, WantedState
from services.runtimes.base import ObservedInstance, Selector

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Glance:
    """`well`: nothing is to be done; `others`: what is not as wanted, not finished, or unknown."""

    well: list[uuid.UUID]
    others: list[uuid.UUID]


def glance() -> Glance:
    """What should run, what is not finished, and what the engine still has a container of."""
    shown = _grouped(
        runtime().observe(Selector(install=settings.KYOZO["INSTALL"])),
        lambda one: uuid_of(one.service_id),
    )
    rows = _grouped(Instance.objects.alive().select_related("release"), lambda row: row.service_id)
    moving = set(Rollout.objects.exclude(phase=Phase.DONE).values_list("service_id", flat=True))
    interesting = Q(wanted_state=WantedState.RUNNING) | Q(pk__in={*shown, *rows, *moving})
    well: list[uuid.UUID] = []
    others: list[uuid.UUID] = []
    for service in Service.objects.filter(interesting).select_related("wanted_release"):
        key = service.pk
        is_well = key not in moving and _is_well(service, rows.get(key, []), shown.get(key, []))
        (well if is_well else others).append(key)
    _note_seen(well)
    return Glance(well=well, others=others)


def _grouped(items: Iterable[T], key: Callable[[T], uuid.UUID]) -> dict[uuid.UUID, list[T]]:
    found: defaultdict[uuid.UUID, list[T]] = defaultdict(list)
    for one in items:
        found[key(one)].append(one)
    return found


def _is_well(service: Service, rows: list[Instance], shown: list[ObservedInstance]) -> bool:
    """Whether a pass would do nothing and write nothing; who leaves is asked about in a pass."""
    says_so = (service.status, service.status_reason) == (Status.RUNNING, "")
    if not says_so or len(shown) != len(rows) or any(row.leaving_at for row in rows):
        return False
    by_row = {uuid_of(one.instance_id): one for one in shown}
    if not all(row.pk in by_row and is_as_noted(row, by_row[row.pk]) for row in rows):
        return False
    return not decide(wanted(service, None), None, [seen_of(row, by_row[row.pk]) for row in rows])


def _note_seen(services: list[uuid.UUID]) -> None:
    now = timezone.now()
    Instance.objects.alive().filter(service__in=services).update(observed_at=now)
    Service.objects.filter(pk__in=services).update(observed_at=now)
