"""Where a reader of a log stands, as a text that comes back."""

import pytest

from services.monitoring import logs
from services.monitoring.positions import Position, precise


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.123456789Z"),
        ("2026-01-31T13:00:00+01:00", "2026-01-31T12:00:00.000000000Z"),
        ("1970-01-01T00:00:00Z", "2000-01-01T00:00:00.000000000Z"),
        ("9999-01-01T00:00:00Z", "2099-12-31T00:00:00.000000000Z"),
    ],
)
def test_times_compare_as_texts(said: str, kept: str) -> None:
    assert precise(said) == kept


def test_a_cursor_holds_all_instances_that_can_be() -> None:
    position = Position.now()
    for number in range(200):
        for stream in logs.STREAMS:
            position.take(f"{number:012x}.{stream}", "2026-01-31T12:00:00.123456789Z")

    assert Position.parse(position.text()) == position
