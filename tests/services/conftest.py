"""What holds for every test of the services."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from services.lifecycle.claims import HEARTBEAT


@pytest.fixture(autouse=True)
def _no_claim_outlives_its_test() -> Iterator[None]:
    """Its renewal would come between two tests, when nobody may touch the database."""
    yield
    for held in list(HEARTBEAT._claims):
        HEARTBEAT.drop(held)


@pytest.fixture
def state_dir(settings: Settings, tmp_path: Path) -> Path:
    """A state folder of the test's own, because it looks at what lies there."""
    settings.KYOZO = settings.KYOZO | {"HOME": tmp_path / "home"}
    return tmp_path / "home"
