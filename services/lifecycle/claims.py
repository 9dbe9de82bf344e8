"""Claims: who may act on a service now, and the fence that stops whoever no longer may.

A claim is a conditional update with a lease, by the database's clock, that raises the service's
fence. The engine has no compare-and-set, so right before each engine write the driver calls
`check()`; what undoes a write of its own (a container put back into its network, or let go on)
needs none. One call already past its check may still land late; it must be harmless.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from services.errors import FenceLostError
from services.models import Service

log = logging.getLogger(__name__)


def _lease() -> timedelta:
    return timedelta(seconds=settings.KYOZO["LEASE_S"])


def _longest_call() -> timedelta:
    """How much lease one engine call needs: its time-out, and a stop also its grace."""
    longest = settings.KYOZO["ENGINE_TIMEOUT_S"] + settings.KYOZO["STOP_GRACE_S"]
    return timedelta(seconds=min(longest, settings.KYOZO["LEASE_S"] * 0.6))


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to act on one service until the lease ends; also the `Fence` that drivers check."""

    service_id: uuid.UUID
    token: int
    worker: str

    def check(self) -> None:
        """Raise `FenceLostError` unless the claim stands and outlasts one engine call."""
        enough = Service.objects.filter(
            pk=self.service_id, fence=self.token, lease_until__gt=Now() + _longest_call()
        )
        if not enough.exists() and not self.renew():
            raise FenceLostError("another worker has taken this service over")

    def hold(self) -> None:
        """Keep others from claiming the service until the transaction around this ends.

        Raises FenceLostError when somebody has it already. SQLite needs no lock for it: our
        transactions are immediate there, so one writes at a time.
        """
        rows = Service.objects.locked()
        mine = rows.filter(pk=self.service_id, fence=self.token, claimed_by=self.worker)
        if not list(mine.values_list("pk")):
            raise FenceLostError("another worker has taken this service over")

    def renew(self) -> bool:
        """Extend the lease. Safe even after it ran out, as long as nobody else raised the fence."""
        mine = Service.objects.filter(pk=self.service_id, fence=self.token, claimed_by=self.worker)
        return mine.update(lease_until=Now() + _lease()) == 1

    def release(self) -> None:
        HEARTBEAT.drop(self)
        Service.objects.filter(pk=self.service_id, fence=self.token).update(
            lease_until=None, claimed_by=""
        )


@contextmanager
def fenced(claim: Claim) -> Iterator[None]:
    """A transaction of whoever holds the service: what is written in it stands, or none of it, and
    until it ends nobody else can claim the service."""
    with transaction.atomic():
        claim.hold()
        yield


def claim(service_id: uuid.UUID) -> Claim | None:
    """Claim a service that nobody holds; None when somebody does."""
    worker = f"{socket.gethostname()[:40]}:{os.getpid()}:{threading.get_ident()}"
    free = Q(lease_until=None) | Q(lease_until__lt=Now())
    with transaction.atomic():
        taken = Service.objects.filter(free, pk=service_id).update(
            fence=F("fence") + 1, claimed_by=worker, lease_until=Now() + _lease()
        )
        if not taken:
            return None
        token = Service.objects.values_list("fence", flat=True).get(pk=service_id)
    mine = Claim(service_id=service_id, token=token, worker=worker)
    HEARTBEAT.keep(mine)
    return mine


class Heartbeat:
    """Renews this process's claims from one thread, so that a long step does not lose its lease."""

    def __init__(self) -> None:
        self._claims: set[Claim] = set()
        self._guard = threading.Lock()
        self._renewing = threading.RLock()
        self._thread: threading.Thread | None = None

    def keep(self, claim: Claim) -> None:
        with self._guard:
            self._claims.add(claim)
            if self._thread is None:
                self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
                self._thread.start()

    def drop(self, claim: Claim) -> None:
        """When this returns it is not renewed any more, nor is it just then."""
        with self._renewing, self._guard:
            self._claims.discard(claim)

    def _beat(self) -> None:
        try:
            while self._renews():
                pass
        finally:
            connections.close_all()  # they are this thread's, and it ends

    def _renews(self) -> bool:
        """False when there is nothing left to renew: then the next claim starts a new thread."""
        time.sleep(settings.KYOZO["LEASE_RENEW_S"])
        with self._renewing:
            with self._guard:
                claims = list(self._claims)
                if not claims:
                    self._thread = None
                    return False
            self._renew_all(claims)
        return True

    def _renew_all(self, claims: list[Claim]) -> None:
        try:
            self._renew(claims)
        except DatabaseError as exc:
            log.warning("leases not renewed, trying again: %s", exc)
        finally:
            close_old_connections()

    def _renew(self, claims: list[Claim]) -> None:
        for held in claims:
            if not held.renew():
                log.warning("lost the claim on service %s", held.service_id)
                self.drop(held)


HEARTBEAT = Heartbeat()
