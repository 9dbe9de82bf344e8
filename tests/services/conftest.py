"""What holds for every test of the services."""

from pathlib import Path

import pytest
from pytest_django import Settings

from services.lifecycle.claims import HEARTBEAT
from services.teams import token_cache


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """No claim outlives its test, not even by what other fixtures take to end: its renewal would
    come between two tests, when nobody may touch the database."""
    for held in list(HEARTBEAT._claims):
        HEARTBEAT.drop(held)


@pytest.fixture(autouse=True)
def _tokens_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as a test takes: between two requests of a busy machine more than usual may pass."""
    monkeypatch.setattr(token_cache, "KEEP_S", 60.0)


@pytest.fixture
def state_dir(settings: Settings, tmp_path: Path) -> Path:
    """A state folder of the test's own, because it looks at what lies there."""
    settings.KYOZO = settings.KYOZO | {"HOME": tmp_path / "home"}
    return tmp_path / "home"
