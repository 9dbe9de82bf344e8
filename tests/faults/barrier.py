"""Barriers: a worker stands still at the boundary of a step until the test lets it go on.

A barrier is a file. The worker that reaches it adds its process id to the name and waits until the
file is gone; so one worker is held, once, whichever it is.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.conf import settings

from services.lifecycle.operations import STEPS
from services.lifecycle.steps import StepRecorder
from services.models import Operation, OperationStep, Service
from tests.waiting import wait_until

REACHED_WITHIN_S = 90
POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class Boundary:
    """`begun`: nothing of the step is done; `done`: all of it, and not written down; `recorded`."""

    step: str
    edge: Literal["begun", "done", "recorded"]

    def __str__(self) -> str:
        return f"{self.step}-{self.edge}"


def boundaries(kind: str) -> list[Boundary]:
    """Of an operation's steps. What is recorded of one is the same moment as the next one begun,
    so it counts for the last only."""
    names = STEPS[kind]
    each = [Boundary(name, edge) for name in names for edge in ("begun", "done")]
    return [*each, Boundary(names[-1], "recorded")]


class HoldingRecorder(StepRecorder):
    """In the worker."""

    def begin(self, operation: Operation, step: OperationStep) -> None:
        super().begin(operation, step)
        _stand_still(operation, Boundary(step.name, "begun"))

    def end(self, operation: Operation, step: OperationStep, state: str) -> None:
        _stand_still(operation, Boundary(step.name, "done"))
        super().end(operation, step, state)
        _stand_still(operation, Boundary(step.name, "recorded"))


def _stand_still(operation: Operation, boundary: Boundary) -> None:
    barrier = _path(operation.service_id.hex, boundary)
    held = barrier.with_suffix(f".{os.getpid()}")
    try:
        barrier.rename(held)
    except FileNotFoundError:
        return
    while held.exists():
        time.sleep(POLL_S)


def _path(service: str, boundary: Boundary) -> Path:
    return Path(settings.KYOZO["HOME"]) / "barriers" / f"{service}-{boundary}"


@dataclass(frozen=True, slots=True)
class Barrier:
    """In the test."""

    path: Path

    def holds(self) -> int:
        """The process id of the worker that stands here, once one does."""
        wait_until(self._held, within_s=REACHED_WITHIN_S, what=f"a worker reaches {self.path.name}")
        [held] = self._held()
        return int(held.suffix.removeprefix("."))

    def open(self) -> None:
        for path in [self.path, *self._held()]:
            path.unlink(missing_ok=True)

    def _held(self) -> list[Path]:
        return list(self.path.parent.glob(f"{self.path.name}.*"))


@contextmanager
def barrier(service: Service, boundary: Boundary) -> Iterator[Barrier]:
    path = _path(service.id.hex, boundary)
    path.parent.mkdir(exist_ok=True)
    path.touch()
    found = Barrier(path)
    try:
        yield found
    finally:
        found.open()
