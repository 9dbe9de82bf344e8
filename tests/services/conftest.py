"""What holds for every test of the services."""

from pathlib import Path

import pytest
from pytest_django import Settings

from services.lifecycle.claims import HEARTBEAT


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """No claim outlives its test, not even by what other fixtures take to end: its renewal would
    come between two tests, when nobody may touch the database."""
    for held in list(HEARTBEAT._claims):
        HEARTBEAT.drop(held)


@pytest.fixture
def state_dir(settings: Settings, tmp_path: Path) -> Path:
    """A state folder of the test's own, because it looks at what lies there."""
    settings.KYOZO = settings.KYOZO | {"HOME": tmp_path / "home"}
    return tmp_path / "home"
