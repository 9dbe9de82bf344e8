"""Public images that Kyozo fetched: written down, so that those nobody asks for may go again."""

from datetime import timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from services.lifecycle.engine import runtime
from services.models import PulledImage


def note_pull(ref: str) -> None:
    """It was not here before, so it is nobody else's."""
    if engine_id := runtime().image_id(ref):
        PulledImage.objects.update_or_create(ref=ref, defaults={"engine_id": engine_id})


def note_use(refs: list[str]) -> None:
    """Before the engine is asked for them: what is used from now on does not go any more."""
    PulledImage.objects.filter(ref__in=refs).update(used_at=timezone.now())


def unused() -> QuerySet[PulledImage]:
    limit = timezone.now() - timedelta(days=settings.KYOZO["KEEP_PULLED_DAYS"])
    return PulledImage.objects.filter(used_at__lt=limit).order_by("ref")
