"""The health gate: two good answers in a row open it; only then does an instance get traffic."""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from services import events
from services.lifecycle import names
from services.lifecycle.claims import Claim, fenced
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import ask, runtime
from services.lifecycle.routes import endpoint
from services.lifecycle.status import refresh_status
from services.models import HealthCheck, Instance, Service
from services.probes.base import ProbeResult
from services.probes.plan import HealthPlan, plan_from

GOOD_ANSWERS = 2


def gate(service: Service, instance: Instance, *, fence: Claim) -> None:
    """Ask once; after two good answers in a row let the engine restart the instance by itself from
    now on, unless it comes out of a crash loop, give it its name, and open it for traffic."""
    result = probe(instance)
    instance.good_answers = instance.good_answers + 1 if result.ok else 0
    instance.last_probe = result.error
    opens = instance.good_answers >= GOOD_ANSWERS
    if opens:
        if instance.looping_at is None:
            runtime().promote(instance.engine_id, fence=fence)
        names.show(instance, fence=fence)
        instance.is_gated, instance.health = True, "healthy"
    with fenced(fence):
        instance.save(
            update_fields=["good_answers", "last_probe", "is_gated", "health", "is_named"]
        )
    if opens:
        record(service, instance, result)


def check_now(service: Service, instance: Instance, *, every_s: float) -> None:
    """One health check of an instance that serves, unless it was asked a moment ago."""
    now = timezone.now()
    rows = Instance.objects.alive().filter(pk=instance.pk, is_gated=True)
    recent = Q(checked_at=None) | Q(checked_at__lt=now - timedelta(seconds=every_s))
    if rows.filter(recent).update(checked_at=now):
        take_in(service, instance, probe(instance))


def take_in(service: Service, instance: Instance, result: ProbeResult) -> None:
    """Count misses; after `retries` of them in a row it is unhealthy, after one good answer not."""
    before = instance.health
    instance.misses = 0 if result.ok else instance.misses + 1
    if result.ok:
        instance.health = "healthy"
    elif instance.misses >= health_plan(instance).retries:
        instance.health = "unhealthy"
    instance.last_probe = result.error
    instance.save(update_fields=["misses", "health", "last_probe"])
    row = record(service, instance, result)
    if before != instance.health and before in {"healthy", "unhealthy"}:
        word = "recovered" if instance.health == "healthy" else "failed"
        events.publish(
            service,
            event_type=f"health_check_{word}",
            data={"instance": instance.name, "status_code": row.status_code},
            error={"message": result.error} if result.error else None,
        )
        refresh_status(service)


def health_plan(instance: Instance) -> HealthPlan:
    """How an instance is asked, by its release; null and missing fields are the defaults."""
    return plan_from(ReleaseConfig.from_json(instance.release.config).health)


def probe(instance: Instance) -> ProbeResult:
    """One check of one instance, as its release says; touches no database."""
    config = ReleaseConfig.from_json(instance.release.config)
    plan = plan_from(config.health)
    port = plan.port or config.http_port or config.check_port
    if not config.health or not plan.enabled or (port is None and plan.type != "command"):
        return _alive(instance)
    end = endpoint(instance, port)
    if end is None and plan.type != "command":
        return ProbeResult(ok=False, response_time_ms=0, error="it has no address yet")
    address, reached = end or ("", 0)
    return ask(plan, address, reached, lambda argv, limit: _exec(instance, argv, limit))


def _exec(instance: Instance, argv: Sequence[str], timeout_s: float) -> tuple[int, str]:
    result = runtime().exec(instance.engine_id, argv, timeout_s=timeout_s)
    return result.exit_code, result.output


def _alive(instance: Instance) -> ProbeResult:
    """Without a port the answer is: it has run for as long as a release must settle."""
    if instance.started_at is None or instance.state != "running":
        return ProbeResult(ok=False, response_time_ms=0, error=f"the process is {instance.state}")
    age = (timezone.now() - instance.started_at).total_seconds()
    error = "" if age >= settings.KYOZO["SETTLE_S"] else f"alive for only {age:.1f} s yet"
    return ProbeResult(ok=not error, response_time_ms=0, error=error)


def record(service: Service, instance: Instance, result: ProbeResult) -> HealthCheck:
    """Keep one sample and tell live listeners; samples are not numbered and may be dropped."""
    config = ReleaseConfig.from_json(instance.release.config)
    with transaction.atomic():
        row = HealthCheck.objects.create(
            service=service,
            instance=instance,
            check_type=config.health.get("type", "alive"),
            endpoint=config.health.get("endpoint", ""),
            status=result.status,
            response_time_ms=result.response_time_ms,
            status_code=result.status_code,
            error=result.error[:2000],
        )
        transaction.on_commit(lambda: events.hint(service, _frame(row)))
    return row


def _frame(row: HealthCheck) -> dict[str, object]:
    return {
        "event": "health_check_completed",
        "payload": {
            "service_id": str(row.service_id),
            "status": row.status,
            "response_time_ms": row.response_time_ms,
            "timestamp": row.checked_at.isoformat().replace("+00:00", "Z"),
        },
    }
