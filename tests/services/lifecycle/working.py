"""A worker of the tests: it carries out what waits, and it can die in the middle of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.utils import timezone

from services.lifecycle.claims import HEARTBEAT
from services.lifecycle.operations import take
from services.lifecycle.run import carry_out, run_next
from services.models import Instance, Operation, Queue, Service

LINE = "changed = True\n"


class WorkerDiedError(BaseException):
    """Nothing in the product catches it: as if the process were killed there."""


def carry_out_all() -> None:
    """Both queues, until nothing is left that may run now."""
    while run_next(Queue.BUILDS) + run_next(Queue.LIFECYCLE):
        pass


def carry_out_until_death() -> bool:
    """Like `carry_out_all`, by a worker that may die; whether it did. Its leases then stay."""
    while taken := take(Queue.BUILDS) or take(Queue.LIFECYCLE):
        try:
            carry_out(taken)
        except WorkerDiedError:
            HEARTBEAT.drop(taken.claim)
            return True
        taken.claim.release()
    return False


def expire_leases() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Service.objects.exclude(lease_until=None).update(lease_until=past)


def change(service: Service) -> None:
    """Edit the service's folder, so that its next deploy makes a new image."""
    with (Path(service.workspace.root) / "more.py").open("a", encoding="utf-8") as file:
        file.write(LINE)


def done(ask: Callable[[], Operation | None]) -> Operation:
    """Ask for something and see it through."""
    operation = ask()
    assert operation is not None
    carry_out_all()
    operation.refresh_from_db()
    return operation


def alive(service: Service) -> list[Instance]:
    return list(service.instances.alive())


def only(service: Service) -> Instance:
    """The one living instance."""
    [instance] = alive(service)
    return instance
