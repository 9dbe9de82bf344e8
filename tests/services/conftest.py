"""What holds for every test of the services."""

from collections.abc import Iterator

import pytest

from services.lifecycle.claims import HEARTBEAT


@pytest.fixture(autouse=True)
def _no_claim_outlives_its_test() -> Iterator[None]:
    """Its renewal would come between two tests, when nobody may touch the database."""
    yield
    for held in list(HEARTBEAT._claims):
        HEARTBEAT.drop(held)
