"""The platform's settings in a worker under test: it stands still where a barrier is put."""

from kyozo.settings import *  # noqa: F403 - they are the platform's
from kyozo.settings import KYOZO

KYOZO["STEP_RECORDER"] = "tests.faults.barrier.HoldingRecorder"
