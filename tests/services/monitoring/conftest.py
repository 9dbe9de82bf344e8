"""The same short times, engine and running service as the lifecycle's tests."""

from tests.services.lifecycle.conftest import _short_times, engine, running

__all__ = ["_short_times", "engine", "running"]
