"""What is kept of an instance's log when its container goes."""

from collections.abc import Iterator
from typing import Any

import pytest

from services.errors import EngineError
from services.lifecycle import kept_lines as kept
from services.lifecycle.kept_lines import kept_lines, parse_kept
from services.models import Instance, Service
from services.runtimes.base import LogLine
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import only

AT = "2026-01-31T12:00:00.123456789Z"


@pytest.fixture
def row(running: Service) -> Instance:
    return only(running)


def say(engine: FakeRuntime, row: Instance, *texts: str) -> None:
    engine.engine.find(row.engine_id).lines += [LogLine(AT, "stderr", text) for text in texts]


def test_what_is_kept_can_be_read_again(row: Instance, engine: FakeRuntime) -> None:
    say(engine, row, "one", "", "two  ")

    assert parse_kept(kept_lines(row)) == [
        LogLine(AT, "stderr", text) for text in ("one", "", "two  ")
    ]


def test_lines_of_before_have_no_time() -> None:
    assert parse_kept("one\n2026 two") == [
        LogLine("", "stdout", "one"),
        LogLine("", "stdout", "2026 two"),
    ]


def test_nothing_is_kept_of_what_never_was(row: Instance) -> None:
    row.engine_id = ""

    assert parse_kept(kept_lines(row)) == []


def test_as_many_lines_as_one_answer_has(row: Instance, engine: FakeRuntime) -> None:
    say(engine, row, *map(str, range(10_002)))

    found = parse_kept(kept_lines(row))

    assert (len(found), found[0].text, found[-1].text) == (10_000, "2", "10001")


def test_the_last_bytes_are_kept(
    row: Instance, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "KEPT_BYTES", 100)
    say(engine, row, "x" * 50, "é" * 20, "bye")

    text = kept_lines(row)

    assert [line.text for line in parse_kept(text)] == ["bye"]
    assert len(text.encode()) <= 100


def test_a_flood_is_never_held_whole(
    row: Instance, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    class Counted(str):
        __slots__ = ()

        def __del__(self) -> None:
            held.append(len(self))

    def flood(*_: Any, **__: Any) -> Iterator[LogLine]:
        for number in range(1000):
            assert number - len(held) < 40
            yield LogLine(AT, "stdout", Counted("x" * 1000))

    monkeypatch.setattr(kept, "KEPT_BYTES", 20_000)
    monkeypatch.setattr(engine, "logs", flood)

    assert 15 < len(parse_kept(kept_lines(row))) < 20


def test_an_engine_that_breaks_off_leaves_what_it_told(
    row: Instance, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Iterator[LogLine]:
        yield LogLine(AT, "stdout", "one")
        raise EngineError("gone")

    monkeypatch.setattr(engine, "logs", broken)

    assert [line.text for line in parse_kept(kept_lines(row))] == ["one"]


def test_no_secret_is_kept(row: Instance, engine: FakeRuntime) -> None:
    row.service.environment, row.service.secret_names = {"KEY": "tops3cret"}, ["KEY"]
    say(engine, row, "bad key tops3cret")

    assert kept_lines(row).endswith("bad key ****")
