"""The same short times, engine and running service as the lifecycle's tests."""

from tests.services.lifecycle.conftest import (
    _no_claim_outlives_its_test,
    _short_times,
    engine,
    running,
)

__all__ = ["_no_claim_outlives_its_test", "_short_times", "engine", "running"]
