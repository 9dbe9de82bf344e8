"""One operation in the hands of one worker: its claim, steps, deadlines and cancel flag."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from services import events
from services.errors import CancelledError, EngineError, FenceLostError, KyozoError
from services.lifecycle.claims import Claim, fenced
from services.lifecycle.status import refresh_status
from services.lifecycle.steps import recorder
from services.models import BuildState, Operation, OperationState, OperationStep, Service

log = logging.getLogger(__name__)

# What passes by itself when the engine or the router is back; anything else is an answer.
PASSING = frozenset(
    {"engine.unreachable", "engine.timeout", "router.busy", "router.failed", "router.timeout"}
)


@dataclass(slots=True)
class Job:
    """`memo` is for this worker only: whatever must survive it is a row."""

    operation: Operation
    claim: Claim
    memo: dict[str, Any] = field(default_factory=dict)
    _deadline: float = field(default=0.0)

    @property
    def service(self) -> Service:
        return self.operation.service

    def run_step(self, name: str, work: Callable[["Job"], None], *, limit_s: float) -> None:
        """Do one named step, unless it is recorded as done; wait out a passing engine trouble."""
        step = self.operation.steps.get(name=name)
        if step.state in {"succeeded", "skipped"}:
            return
        self._begin(step)
        self._deadline = time.monotonic() + limit_s
        try:
            self._patiently(work)
            self.claim.check()
        except FenceLostError:
            raise  # the step is in the hands of whoever took over
        except KyozoError:
            self.claim.check()  # else it failed because its successor was there before
            self._end(step, "failed")
            raise
        self._end(step, "succeeded")
        # Those who died before died of something else; this worker may still die in the next step.
        Operation.objects.filter(pk=self.operation.pk).update(unended=1)

    def wait_out(self, work: Callable[["Job"], None], *, limit_s: float) -> None:
        """Do what is no step of its own; wait out a passing engine or router trouble."""
        self._deadline = time.monotonic() + limit_s
        self._patiently(work)

    def skip(self, *names: str, why: str) -> None:
        """Record steps as not needed."""
        self.operation.steps.filter(name__in=names, state="pending").update(
            state="skipped", detail=why
        )

    def note(self, detail: str) -> None:
        """A few words beside the running step."""
        running = self.operation.steps.filter(name=self.operation.step)
        running.update(detail=detail[:500])
        self.tell()

    def remember(self, **result: Any) -> None:
        """Keep facts in the operation's row, for the steps after this one and for the reader."""
        with fenced(self.claim):
            self.operation.result = {**self.operation.result, **result}
            self.operation.save(update_fields=["result"])

    def is_cancelled(self) -> bool:
        """Whether somebody asked to stop; one fresh read."""
        asked = Operation.objects.filter(pk=self.operation.pk).exclude(cancel_requested_at=None)
        return asked.exists()

    def check_cancelled(self) -> None:
        if self.is_cancelled():
            raise CancelledError("cancelled")

    def is_overdue(self) -> bool:
        return time.monotonic() > self._deadline

    def tell(self) -> None:
        """A hint for live listeners that this operation moved; its row is the truth."""
        events.hint(
            self.service,
            {
                "event": "operation_progress",
                "payload": {
                    "operation_id": str(self.operation.pk),
                    "service_id": str(self.operation.service_id),
                    "step": self.operation.step,
                },
            },
        )

    def _patiently(self, work: Callable[["Job"], None]) -> None:
        told = ""
        while True:
            try:
                return work(self)
            except KyozoError as exc:
                if exc.error_code not in PASSING or self.is_overdue():
                    raise
                if exc.error_code != told:
                    log.warning("%s: %s; trying again", self.operation, exc.message)
                    told = exc.error_code
                self.note(f"waiting: {exc.message}")
                if isinstance(exc, EngineError):
                    refresh_status(self.service, is_lost=True)
            # Once a rollout is open only its own steps may end it.
            if "rollout_id" not in self.operation.result:
                self.check_cancelled()
            time.sleep(0.5)

    def _begin(self, step: OperationStep) -> None:
        recorder().begin(self.operation, step)
        refresh_status(self.service)
        self.tell()

    def _end(self, step: OperationStep, state: str) -> None:
        recorder().end(self.operation, step, state)
        self.tell()


def fail_steps(operation: Operation, state: OperationState) -> None:
    """Close what still says running when the operation ends in another way."""
    word = "failed" if state == OperationState.FAILED else "skipped"
    operation.steps.filter(state="running").update(state=word, ended_at=timezone.now())
    abandoned = operation.builds.filter(state=BuildState.RUNNING)
    abandoned.update(state=BuildState.FAILED, ended_at=timezone.now())
