"""Where the start and the end of a step are written down: the boundaries a worker may die at."""

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from services.models import Operation, OperationStep

if TYPE_CHECKING:
    from datetime import datetime


class StepRecorder:
    """Writes to the rows. Another one, named by the settings, may do more at a boundary."""

    def begin(self, operation: Operation, step: OperationStep) -> None:
        step.state, step.started_at = "running", step.started_at or timezone.now()
        step.save(update_fields=["state", "started_at"])
        operation.step = step.name
        operation.save(update_fields=["step"])

    def end(self, operation: Operation, step: OperationStep, state: str) -> None:
        # The step may have marked itself skipped or noted a detail meanwhile.
        ended: dict[str, str | datetime] = {"ended_at": timezone.now()}
        rows = OperationStep.objects.filter(pk=step.pk)
        rows.filter(state="running").update(state=state, **ended)
        rows.filter(state="skipped", ended_at=None).update(**ended)


@lru_cache(maxsize=1)
def recorder() -> StepRecorder:
    return cast("StepRecorder", import_string(settings.KYOZO["STEP_RECORDER"])())
