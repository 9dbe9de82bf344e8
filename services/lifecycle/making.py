"""One attempt at an image: its row, its log, and what goes on meanwhile."""

import logging
import time
from dataclasses import dataclass, field

from django.conf import settings

from detection import DetectedService
from services.errors import EngineError, RouterError
from services.lifecycle.build_log import BuildLog
from services.lifecycle.job import Job
from services.lifecycle.reconcile import reconcile
from services.models import Build, Service

log = logging.getLogger(__name__)

CANCEL_LOOK_S = 0.3


@dataclass(slots=True)
class Making:
    """One attempt: its row and log, and the cancel flag read at most three times a second."""

    job: Job
    plan: DetectedService
    build: Build
    log: BuildLog
    _looked: float = 0.0
    _repaired: float = field(default_factory=time.monotonic)

    @property
    def service(self) -> Service:
        return self.job.service

    def cancelled(self) -> bool:
        self.log.flush_if_due()
        now = time.monotonic()
        if now - self._looked < CANCEL_LOOK_S:
            return False
        self._looked = now
        self._keep_serving(now)
        return self.job.is_cancelled()

    def _keep_serving(self, now: float) -> None:
        """The sweep stands back for our claim, so what serves meanwhile is repaired from here."""
        if now - self._repaired < settings.KYOZO["SWEEP_S"]:
            return
        self._repaired = now
        self.job.claim.check()
        try:
            reconcile(self.job.claim)
        except (EngineError, RouterError) as exc:
            log.info("the running release is looked at again later: %s", exc.message)
