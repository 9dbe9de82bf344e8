"""What a clean-up found and did, and the fences under which it may remove."""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import UUID

from services.errors import EngineError, EngineUnreachableError, FenceLostError
from services.lifecycle.claims import Claim, claim
from services.lifecycle.operations import wake_waiting
from services.models import Operation, Service
from services.runtimes.base import Fence

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing and why it goes. `size_bytes` counts layers that it may share with others."""

    kind: str
    name: str
    why: str
    size_bytes: int = 0


@dataclass(slots=True)
class Report:
    """`refused`: what the engine would not let go, and its reason. `freed_bytes` is measured on the
    engine's disk, where that is on this machine."""

    is_dry_run: bool
    removed: list[Leftover] = field(default_factory=list)
    refused: list[Leftover] = field(default_factory=list)
    freed_bytes: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        return cls(
            is_dry_run=data["is_dry_run"],
            removed=[Leftover(**row) for row in data["removed"]],
            refused=[Leftover(**row) for row in data["refused"]],
            freed_bytes=data["freed_bytes"],
        )

    def take(self, thing: Leftover, remove: Callable[[], object]) -> None:
        """Remove it, unless this is a dry run. What is refused stays and is no reason to stop."""
        if not self.is_dry_run:
            try:
                remove()
            except EngineUnreachableError:
                raise
            except EngineError as exc:
                self.refused.append(replace(thing, why=exc.message))
                return
            log.info("cleaned: %s %s (%s)", thing.kind, thing.name, thing.why)
        self.removed.append(thing)


@dataclass(frozen=True, slots=True)
class StillTrue:
    """The fence of a thing without a service to claim: what was seen must hold at the removal."""

    question: Callable[[], bool]
    token: int = 0

    def check(self) -> None:
        if not self.question():
            raise FenceLostError("it is wanted again")


@dataclass(frozen=True, slots=True)
class Yielding:
    """A claim that gives way to every operation."""

    claim: Claim

    @property
    def token(self) -> int:
        return self.claim.token

    def check(self) -> None:
        self.claim.check()
        if Operation.objects.open().filter(service_id=self.claim.service_id).exists():
            raise FenceLostError("an operation of this service goes first")


@contextmanager
def undisturbed(service_id: UUID) -> Iterator[Fence | None]:
    """The right to remove what is left of a service; None while somebody works on it."""
    is_orphan = not is_known(service_id)
    mine = None if is_orphan else claim(service_id)
    try:
        if is_orphan:
            yield StillTrue(lambda: not is_known(service_id))
        else:
            yield Yielding(mine) if mine else None
    except FenceLostError as exc:
        log.info("cleaning after service %s stops here: %s", service_id, exc.message)
    finally:
        if mine:
            mine.release()
            wake_waiting(service_id)


def is_known(service_id: UUID) -> bool:
    return Service.objects.filter(pk=service_id).exists()
