"""Public images that Kyozo fetched: written down, so that those nobody asks for may go again."""

from datetime import timedelta

from django.conf import settings
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from services.lifecycle.engine import runtime
from services.models import PulledImage


def note_pull(ref: str, before: str) -> None:
    """`before`: the id that the name had. Where that was not ours, the name is somebody else's."""
    row = PulledImage.objects.filter(ref=ref).first()
    engine_id = runtime().image_id(ref)
    if engine_id is None or (before and (row is None or row.engine_id != before)):
        return
    PulledImage.objects.update_or_create(ref=ref, defaults={"engine_id": engine_id})
    if row and row.engine_id != engine_id:
        _note_nameless(row.engine_id)


def note_use(refs: list[str]) -> None:
    """Before the engine is asked for them: what is used from now on does not go any more."""
    PulledImage.objects.filter(ref__in=refs).update(used_at=timezone.now())


def unused() -> QuerySet[PulledImage]:
    limit = timezone.now() - timedelta(days=settings.KYOZO["KEEP_PULLED_DAYS"])
    is_old, is_nameless = Q(used_at__lt=limit), Q(ref=F("engine_id"))
    return PulledImage.objects.filter(is_old | is_nameless).order_by("ref")


def forget_name(row: PulledImage) -> None:
    """It means another image by now, not ours; the one that we pulled may still be here."""
    row.delete()
    if not row.is_nameless and runtime().image_id(row.engine_id) == row.engine_id:
        _note_nameless(row.engine_id)


def _note_nameless(engine_id: str) -> None:
    """Nobody can ask for it any more, but instances and releases may still be of it."""
    PulledImage.objects.get_or_create(ref=engine_id, defaults={"engine_id": engine_id})
