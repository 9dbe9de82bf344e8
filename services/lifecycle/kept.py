"""What must stay: what runs, what is on its way, and what people may go back to."""

import uuid
from collections import defaultdict

from django.conf import settings
from django.db.models import Q, QuerySet

from services.models import (
    ImageMapping,
    Instance,
    Operation,
    Outcome,
    Phase,
    Release,
    Rollout,
    Service,
    WantedState,
)

# A rollback without a number goes to the release before the current one, whatever is set.
FEWEST = 2


def kept_images() -> set[str]:
    """Ids and names over all services: an image of two is kept by either. Never remembered; whoever
    removes asks right before."""
    kept = set(ImageMapping.objects.values_list("target", flat=True))
    for names in kept_releases().values_list("image_digest", "image_ref"):
        kept.update(names)
    for result in Operation.objects.open().values_list("result", flat=True):
        kept |= {result[name] for name in ("image_ref", "image_digest") if name in result}
    return kept


def kept_releases() -> QuerySet[Release]:
    """Current ones, those of rollouts in flight and of living instances, and of each service the
    last that one can go back to."""
    current = Service.objects.exclude(wanted_state=WantedState.REMOVED)
    moving = Rollout.objects.exclude(phase=Phase.DONE)
    return Release.objects.filter(
        Q(pk__in=current.values("wanted_release"))
        | Q(pk__in=moving.values("from_release"))
        | Q(pk__in=moving.values("to_release"))
        | Q(pk__in=Instance.objects.alive().values("release"))
        | Q(pk__in=_to_go_back_to())
    )


def _to_go_back_to() -> list[uuid.UUID]:
    """The newest of each kind, by fingerprint, of those that once came up. A series of failures, or
    of the same release again, must not push out the one that people want back."""
    most = max(FEWEST, settings.KYOZO["KEEP_RELEASES"])
    came_up = Rollout.objects.filter(outcome=Outcome.SUCCEEDED).values("to_release")
    rows = Release.objects.filter(pk__in=came_up).exclude(service__wanted_state=WantedState.REMOVED)
    kinds: dict[uuid.UUID, dict[str, uuid.UUID]] = defaultdict(dict)
    columns = rows.order_by("-number").values_list("service_id", "fingerprint", "pk")
    for service_id, fingerprint, pk in columns:
        mine = kinds[service_id]
        if len(mine) < most:
            mine.setdefault(fingerprint, pk)
    return [pk for mine in kinds.values() for pk in mine.values()]
