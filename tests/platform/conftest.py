"""One platform a test, stopped at its end whatever happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running_platform import RunningPlatform


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[RunningPlatform]:
    running = RunningPlatform.at(tmp_path / "home")
    yield running
    running.stop()
