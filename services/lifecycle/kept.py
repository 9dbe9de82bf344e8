"""Which images must stay: what runs, what is on its way, and what people may go back to."""

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

# A rollback without a number goes to the image before the current one, whatever is set.
FEWEST = 2


def kept_images() -> set[str]:
    """Ids and names over all services: an image of two is kept by either. Never remembered; whoever
    removes asks right before."""
    kept = set(ImageMapping.objects.values_list("target", flat=True))
    for pair in in_use().values_list("image_digest", "image_ref"):
        kept.update(pair)
    for names in _to_go_back_to().values():
        kept |= names
    for result in Operation.objects.open().values_list("result", flat=True):
        kept |= {result[name] for name in ("image_ref", "image_digest") if name in result}
    return kept


def in_use() -> QuerySet[Release]:
    """Current releases, those of rollouts in flight, and those that an instance still runs."""
    current = Service.objects.exclude(wanted_state=WantedState.REMOVED)
    moving = Rollout.objects.exclude(phase=Phase.DONE)
    return Release.objects.filter(
        Q(pk__in=current.values("wanted_release"))
        | Q(pk__in=moving.values("from_release"))
        | Q(pk__in=moving.values("to_release"))
        | Q(pk__in=Instance.objects.alive().values("release"))
    )


def _to_go_back_to() -> dict[uuid.UUID, set[str]]:
    """Of each service the last images that once came up. Failed releases do not count: a series of
    them must not push out the one that people want back."""
    most = max(FEWEST, settings.KYOZO["KEEP_RELEASES"])
    came_up = Rollout.objects.filter(outcome=Outcome.SUCCEEDED).values("to_release")
    rows = Release.objects.filter(pk__in=came_up).exclude(service__wanted_state=WantedState.REMOVED)
    images: dict[uuid.UUID, dict[str, set[str]]] = defaultdict(dict)
    for service_id, digest, ref in rows.order_by("-number").values_list(
        "service_id", "image_digest", "image_ref"
    ):
        mine = images[service_id]
        if digest in mine or len(mine) < most:
            mine.setdefault(digest, {digest}).add(ref)
    return {pk: set().union(*mine.values()) for pk, mine in images.items()}
