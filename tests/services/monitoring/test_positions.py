"""Where a reader of a log stands, as a short text that comes back whole or not at all."""

from datetime import datetime

import pytest

from services.live.consumers import MOST_TEXT
from services.monitoring.positions import STREAMS, Position, nanoseconds


@pytest.fixture
def wide() -> Position:
    """All instances that can be in the middle of a deploy: a hundred, their successors, and gone
    ones."""
    position = Position.now()
    for number in range(220):
        for stream in STREAMS:
            position.take(f"{number:012x}.{stream}", (1769860800_123456789, 1))
    return position


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-01-31T12:00:00.123456789Z", 1769860800_123456789),
        ("2026-01-31T12:00:00.5Z", 1769860800_500000000),
        ("2026-01-31T13:00:00+01:00", 1769860800_000000000),
        ("1970-01-01T00:00:00.5Z", 946684800_000000000),
        ("9999-01-01T00:00:00.5Z", 4102358400_000000000),
        ("", 0),
    ],
)
def test_times_are_read_to_the_nanosecond_and_of_this_century(said: str, meant: int) -> None:
    assert nanoseconds(said) == meant


def test_a_time_is_the_same_as_text_and_as_itself() -> None:
    said = "2026-01-31T12:00:00.123456+00:00"

    assert nanoseconds(datetime.fromisoformat(said)) == nanoseconds(said)


def test_a_cursor_comes_back_as_it_was(wide: Position) -> None:
    assert Position.parse(wide.text()) == wide


def test_a_cursor_of_many_instances_goes_into_a_message(wide: Position) -> None:
    assert len(wide.text()) < MOST_TEXT - 4096


def test_a_cursor_that_lost_or_changed_a_sign_is_refused(wide: Position) -> None:
    text = wide.text()
    middle = "x" if text[100] != "x" else "y"

    for wrong in (text[:-24], text[24:], text[:100] + middle + text[101:], f"{text} ", f".{text}"):
        with pytest.raises(ValueError, match="cursor of an earlier answer"):
            Position.parse(wrong)
