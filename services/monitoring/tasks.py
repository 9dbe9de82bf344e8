"""The scheduler's entries: each looks at the database for what is due."""

import logging

from celery import shared_task

from services.errors import EngineError
from services.monitoring import health, metrics, retention

log = logging.getLogger(__name__)


@shared_task(name="services.monitoring.tasks.check_health")
def check_health() -> None:
    try:
        health.check_due()
    except EngineError as exc:
        log.info("health checks wait for the engine: %s", exc.message)


@shared_task(name="services.monitoring.tasks.collect_metrics")
def collect_metrics() -> None:
    try:
        metrics.collect()
    except EngineError as exc:
        log.info("metrics wait for the engine: %s", exc.message)


@shared_task(name="services.monitoring.tasks.prune")
def prune() -> None:
    retention.prune()
