"""What is forgotten, and when: samples after a day, events after 90, everything that is over after
30, the audit log after 365. What a person may still go back to stays, with its build and log."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, F, OuterRef, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from services.lifecycle.kept import kept_releases
from services.lifecycle.kept_lines import KEPT_INSTANCES
from services.models import (
    Analysis,
    AuditEntry,
    Build,
    Event,
    HealthCheck,
    Instance,
    KeptAnswer,
    Metric,
    Operation,
    Outcome,
    Phase,
    Release,
    Rollout,
    Service,
    WantedState,
)
from services.models.kept_answer import KEEP
from services.teams.models import SignInLink

KEEP_ROWS = timedelta(days=30)
SLICE = 500


def prune() -> dict[str, int]:
    """Delete what is too old; counts by name."""
    now = timezone.now()
    samples = now - timedelta(hours=settings.KYOZO["KEEP_SAMPLES_H"])
    events = now - timedelta(days=settings.KYOZO["KEEP_EVENTS_DAYS"])
    old = now - KEEP_ROWS
    # In this order: what goes first is no reason any more to keep what comes after it.
    return {
        "services": _removed(old).delete()[0],
        "releases": _past(old).delete()[0],
        "rollouts": _repeated(old).delete()[0],
        "operations": _ended(old).delete()[0],
        "metrics": Metric.objects.filter(collected_at__lt=samples).delete()[0],
        "health_checks": HealthCheck.objects.filter(checked_at__lt=samples).delete()[0],
        "events": Event.objects.filter(occurred_at__lt=events).delete()[0],
        "instances": _in_slices(Instance.objects.filter(removed_at__lt=old)),
        "last_lines": _surpassed().update(last_lines=""),
        "analyses": Analysis.objects.filter(detection_timestamp__lt=old).delete()[0],
        "kept_answers": KeptAnswer.objects.filter(created_at__lt=now - KEEP).delete()[0],
        "sign_in_links": SignInLink.objects.filter(expires_at__lt=samples).delete()[0],
        "audit_entries": _noted_before(now),
        "sessions": Session.objects.filter(expire_date__lt=now).delete()[0],
    }


def _in_slices(rows: QuerySet[Instance]) -> int:
    """What samples hang on is fetched before it is deleted: so many at once, without their lines,
    which may be 1 MiB each."""
    count = 0
    while keys := list(rows.values_list("pk", flat=True)[:SLICE]):
        count += rows.filter(pk__in=keys).only("pk").delete()[0]
    return count


def _noted_before(now: datetime) -> int:
    """Nothing else ever removes an entry of the audit log; 0 days keep it for ever."""
    days = settings.KYOZO["AUDIT_DAYS"]
    return AuditEntry.objects.forget(older_than=now - timedelta(days=days)) if days > 0 else 0


def _removed(old: datetime) -> QuerySet[Service]:
    """With all that hangs on it, once nothing of it is left and nothing happened for long."""
    rows = Service.objects.filter(wanted_state=WantedState.REMOVED, updated_at__lt=old)
    recent = Operation.objects.filter(ended_at__gte=old)
    return (
        rows.exclude(pk__in=Instance.objects.alive().values("service"))
        .exclude(pk__in=Operation.objects.open().values("service"))
        .exclude(pk__in=recent.values("service"))
    )


def _past(old: datetime) -> QuerySet[Release]:
    """Its image may be gone by now; it takes its instances and rollouts along."""
    kept = list(kept_releases().values_list("pk", flat=True))
    return Release.objects.filter(created_at__lt=old).exclude(pk__in=kept)


def _repeated(old: datetime) -> QuerySet[Rollout]:
    """A restart is one more rollout to the same release; that it came up is told by the newest."""
    newer = Rollout.objects.filter(
        to_release=OuterRef("to_release"), outcome=Outcome.SUCCEEDED, pk__gt=OuterRef("pk")
    )
    return Rollout.objects.filter(Exists(newer), phase=Phase.DONE, phase_at__lt=old)


def _surpassed() -> QuerySet[Instance]:
    """Whose lines go before their row does, because of so many that ended since."""
    rows = Instance.objects.exclude(removed_at=None).exclude(last_lines="")
    newest_first = Window(RowNumber(), partition_by="service", order_by=F("removed_at").desc())
    past = rows.annotate(place=newest_first).filter(place__gt=KEPT_INSTANCES)
    return Instance.objects.filter(pk__in=list(past.values_list("pk", flat=True)))


def _ended(old: datetime) -> QuerySet[Operation]:
    """Each takes its steps and builds along; a build still named by a release stays."""
    released = Build.objects.filter(pk__in=Release.objects.exclude(build=None).values("build"))
    return Operation.objects.filter(ended_at__lt=old).exclude(builds__in=released)
