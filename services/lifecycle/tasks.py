"""What Celery wakes: no arguments, no retries; losing or doubling a message changes nothing."""

import logging

from celery import shared_task
from django.conf import settings

from services.errors import EngineError, KyozoError
from services.lifecycle.clean import clean
from services.lifecycle.disk import clean_when_filling
from services.lifecycle.operations import wake_all
from services.lifecycle.run import run_next
from services.lifecycle.sweep import sweep_services
from services.models import Queue

log = logging.getLogger(__name__)


@shared_task(name="services.lifecycle.tasks.run_builds")
def run_builds() -> None:
    run_next(Queue.BUILDS)


@shared_task(name="services.lifecycle.tasks.run_lifecycle")
def run_lifecycle() -> None:
    run_next(Queue.LIFECYCLE)


@shared_task(name="services.lifecycle.tasks.look_at_queues")
def look_at_queues() -> None:
    wake_all(expires_s=settings.KYOZO["QUEUE_POLL_S"])


@shared_task(name="services.lifecycle.tasks.clean")
def clean_up() -> None:
    try:
        clean()
    except EngineError as exc:
        log.info("the clean-up waits for the engine: %s", exc.message)


@shared_task(name="services.lifecycle.tasks.watch_disk")
def watch_disk() -> None:
    try:
        clean_when_filling()
    except EngineError as exc:
        log.info("the disk is looked at again later: %s", exc.message)


@shared_task(name="services.lifecycle.tasks.sweep")
def sweep() -> None:
    """Compare what is wanted with what is there, for every service nobody works on."""
    try:
        sweep_services()
    except EngineError as exc:
        log.warning("the sweep waits for the engine: %s", exc.message)
    except KyozoError as exc:
        log.warning("the sweep will try again: %s", exc.message)
