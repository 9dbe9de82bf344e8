"""What is forgotten, and when: samples after a day, events after 90."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from services.models import (
    Analysis,
    Build,
    Event,
    HealthCheck,
    Instance,
    Metric,
    Operation,
    Release,
)

KEEP_ROWS = timedelta(days=30)


def prune() -> dict[str, int]:
    """Delete what is too old; counts by name."""
    now = timezone.now()
    samples = now - timedelta(hours=settings.KYOZO["KEEP_SAMPLES_H"])
    events = now - timedelta(days=settings.KYOZO["KEEP_EVENTS_DAYS"])
    old = now - KEEP_ROWS
    # An operation takes its steps and builds along; a build still named by a release stays.
    released = Build.objects.filter(pk__in=Release.objects.exclude(build=None).values("build"))
    ended = Operation.objects.filter(ended_at__lt=old).exclude(builds__in=released)
    return {
        "metrics": Metric.objects.filter(collected_at__lt=samples).delete()[0],
        "health_checks": HealthCheck.objects.filter(checked_at__lt=samples).delete()[0],
        "events": Event.objects.filter(occurred_at__lt=events).delete()[0],
        "instances": Instance.objects.filter(removed_at__lt=old).delete()[0],
        "operations": ended.delete()[0],
        "analyses": Analysis.objects.filter(detection_timestamp__lt=old).delete()[0],
    }
