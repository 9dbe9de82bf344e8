"""A log is followed past lost connections: no line is lost, and none comes twice."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from kyozo_sdk import UnauthorizedError, following
from kyozo_sdk.following import whole_lines
from kyozo_sdk.modes import drive
from services.live import log_stream
from services.models import Service, WantedState
from services.runtimes.base import LogLine
from services.teams.models import ApiToken
from tests.sdk.both import Api
from tests.sdk.conftest import Make
from tests.sdk.cutting import Cutter
from tests.services.lifecycle.working import only

Say = Callable[[str], None]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_stream, "POLL_S", 0.02)
    monkeypatch.setattr(log_stream, "RECHECK_S", 0.05)


@pytest.fixture
def say(running: Service, engine: Any) -> Say:
    lines: list[LogLine] = engine.engine.find(only(running).engine_id).lines
    return lambda text: lines.append(LogLine(f"2026-01-31T12:00:{len(lines):02}Z", "stdout", text))


def texts(lines: Iterator[Any], count: int) -> list[str]:
    return [next(lines).line for _ in range(count)]


def test_the_last_lines_and_then_each_new_one(sdk: Api, running: Service, say: Say) -> None:
    for text in ("one", "two", "three"):
        say(text)
    lines = iter(sdk.logs.follow(running.id, lines=2))

    assert texts(lines, 2) == ["two", "three"]
    say("four")
    assert texts(lines, 1) == ["four"]
    lines.close()


def test_one_instance_can_be_chosen(sdk: Api, running: Service, say: Say) -> None:
    say("one")
    name = only(running).name

    found = [sdk.logs.get(running.id, instance=one) for one in (name, "nobody")]
    also = sdk.services.get_logs(running.id, instance="nobody")
    lines = iter(sdk.logs.follow(running.id, instance=name))

    assert [len(one.lines) for one in (*found, also)] == [1, 0, 0]
    assert texts(lines, 1) == ["one"]
    lines.close()


def test_a_cut_loses_and_repeats_nothing(
    make: Make, running: Service, say: Say, wire: Cutter
) -> None:
    say("0")
    lines = iter(make(base_url=wire.url).logs.follow(running.id))
    seen = texts(lines, 1)

    for number in range(1, 8):
        wire.cut_all()
        say(str(number))
        seen += texts(lines, 1)
    lines.close()

    assert seen == [str(number) for number in range(8)]
    assert len(wire.requests) >= 8


def test_a_platform_that_refuses_for_a_while(
    make: Make, running: Service, say: Say, wire: Cutter
) -> None:
    say("one")
    lines = iter(make(base_url=wire.url).logs.follow(running.id))
    seen = texts(lines, 1)

    wire.before = 12  # more than one request's own attempts
    wire.cut_all()
    say("two")

    assert seen + texts(lines, 1) == ["one", "two"]
    lines.close()


def test_a_cursor_goes_on_in_another_process(make: Make, running: Service, say: Say) -> None:
    for text in ("one", "two", "three"):
        say(text)
    lines = iter(make().logs.follow(running.id))
    cursor = next(lines).cursor
    lines.close()

    again = iter(make().logs.follow(running.id, cursor=cursor))

    assert texts(again, 2) == ["two", "three"]
    again.close()


def test_it_ends_with_the_service(sdk: Api, running: Service, say: Say) -> None:
    say("one")
    lines = iter(sdk.logs.follow(running.id))
    first = next(lines)
    Service.objects.update(wanted_state=WantedState.REMOVED)

    assert (first.line, list(lines)) == ("one", [])


def test_it_ends_with_an_error_where_access_does(
    sdk: Api, running: Service, say: Say, alice: Any
) -> None:
    say("one")
    lines = iter(sdk.logs.follow(running.id))
    next(lines)
    ApiToken.objects.update(revoked_at=timezone.now())

    with pytest.raises(UnauthorizedError):
        next(lines)


def test_it_ends_with_an_error_where_the_platform_stays_away(
    make: Make, running: Service, say: Say, wire: Cutter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "GIVE_UP_S", 0.2)
    say("one")
    lines = iter(make(base_url=wire.url).logs.follow(running.id))
    next(lines)
    wire.before = 10_000
    wire.cut_all()

    with pytest.raises(Exception, match="connection_failed"):
        next(lines)


def test_a_log_is_read_page_by_page(sdk: Api, running: Service, say: Say) -> None:
    say("one")
    first = sdk.logs.get(running.id)
    say("two")

    second = sdk.services.get_logs(running.id, cursor=first.cursor)

    assert [line.text for line in first.lines] == ["one"]
    assert [line.text for line in second.lines] == ["two"]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_are_whole_wherever_they_were_cut(size: int) -> None:
    """Also where a text has what other readers take for the end of a line."""
    raw = '{"line": "a\u2028b\u0085c"}\n\n{"line": "d"}\n{"line": "lost'.encode()

    async def chunks() -> Any:
        for at in range(0, len(raw), size):
            yield raw[at : at + size]

    async def read() -> list[str]:
        return [row["line"] async for row in whole_lines(chunks())]

    assert drive(read()) == ["a\u2028b\u0085c", "d"]
