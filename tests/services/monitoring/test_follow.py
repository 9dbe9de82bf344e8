"""Following a log: each line once and in order, whatever comes and goes meanwhile."""

import base64
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from services.errors import EngineError, TooManyError
from services.lifecycle.scale import scale
from services.lifecycle.stop import stop
from services.models import Instance, Service, WantedState
from services.monitoring import follow, logs, positions
from services.monitoring.follow import Following, Handover
from services.monitoring.lines import LogEntry, Wish
from services.monitoring.positions import Position, nanoseconds
from services.runtimes.base import LogLine
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import alive, done, only

ALL = Wish()


@pytest.fixture
def reader(running: Service) -> Following:
    return reading(running)


def reading(service: Service, wish: Wish = ALL, cursor: str = "") -> Following:
    where = Position.parse(cursor) if cursor else Position.now()
    return Following(service, where, wish, service.team_id, user_id=1)


def news(reader: Following) -> list[str]:
    return [one.entry.text for one in reader.news() or []]


def say(engine: FakeRuntime, service: Service, *texts: str, stream: str = "stdout") -> None:
    for text in texts:
        engine.say(only(service).engine_id, text, stream=stream)


def test_lines_come_once(reader: Following, running: Service, engine: FakeRuntime) -> None:
    say(engine, running, "one", "two")
    first = [one.entry.text for one in reader.begin(lines=1)]
    say(engine, running, "three")

    assert (first, news(reader), news(reader)) == (["two"], ["three"], [])


def test_lines_of_one_moment_are_counted(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    lines = engine.engine.find(only(running).engine_id).lines
    at = "2026-01-31T12:00:00.000000001Z"
    lines += [LogLine(at, "stdout", "one")] * 2
    reader.begin(lines=10)
    lines += [LogLine(at, "stdout", "two"), LogLine(at, "stderr", "three")]

    assert news(reader) == ["two", "three"]


def test_a_slower_stream_with_an_earlier_time_is_not_lost(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    lines = engine.engine.find(only(running).engine_id).lines
    lines.append(LogLine("2026-01-31T12:00:01.5Z", "stdout", "out"))
    reader.begin(lines=10)
    lines.append(LogLine("2026-01-31T12:00:01.4Z", "stderr", "err"))

    assert news(reader) == ["err"]


@pytest.mark.parametrize("cut", range(6))
def test_any_cursor_goes_on_without_gap_or_repeat(
    running: Service, engine: FakeRuntime, cut: int
) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))
    for number in range(7):
        engine.say(alive(running)[number % 2].engine_id, f"line {number}")

    begun = reading(running).begin(lines=6)
    again = reading(running, cursor=begun[cut].cursor)

    assert [one.entry.text for one in begun[: cut + 1]] + news(again) == [
        f"line {number}" for number in range(1, 7)
    ]


def test_a_new_instance_is_read_from_its_first_line(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    reader.begin(lines=10)
    done(lambda: scale(running, replicas=2, actor="alice"))
    engine.say(alive(running)[1].engine_id, "hello")

    assert news(reader) == ["hello"]


def test_last_words_are_told_after_the_container_is_gone(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    say(engine, running, "one")
    reader.begin(lines=10)
    say(engine, running, "two", "three", stream="stderr")
    done(lambda: stop(running, actor="alice"))

    assert (news(reader), news(reader)) == (["two", "three"], [])


def test_who_ended_is_looked_at_for_a_while_only(
    reader: Following, running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "LATE", timedelta(0))
    reader.begin(lines=10)
    say(engine, running, "one")
    done(lambda: stop(running, actor="alice"))

    assert [news(reader) for _ in range(3)] == [["one"], [], []]
    assert reader.position.marks == {}


def test_the_last_words_of_a_new_instance_are_told_however_long_it_was_quiet(
    reader: Following, running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(positions, "LATE", timedelta(0))
    reader.begin(lines=10)
    done(lambda: scale(running, replicas=2, actor="alice"))
    reader.news()
    reader.news()
    engine.say(alive(running)[1].engine_id, "only words")
    done(lambda: stop(running, actor="alice"))

    assert news(reader) == ["only words"]


def test_an_instance_that_ends_while_it_is_read_is_told_once(
    reader: Following, running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.begin(lines=10)
    say(engine, running, "one")
    row, read = only(running), engine.logs

    def end_meanwhile(*asked: Any, **options: Any) -> Iterator[LogLine]:
        lines = list(read(*asked, **options))
        kept = "".join(f"{line.at} {line.stream} {line.text}\n" for line in lines)
        row.removed_at, row.last_lines = timezone.now(), f"{kept}{lines[-1].at} stderr two"
        row.save()
        yield from lines

    monkeypatch.setattr(engine, "logs", end_meanwhile)

    assert (news(reader), news(reader)) == (["one"], ["two"])


def test_an_instance_that_came_and_went_is_told(reader: Following, running: Service) -> None:
    reader.begin(lines=10)
    row = only(running)
    Instance.objects.create(
        service=running,
        release=row.release,
        generation=9,
        replica=9,
        name="short",
        removed_at=row.created_at.replace(year=2090),
        last_lines="2026-01-31T12:00:00.1Z stderr a line\nold one",
    )

    assert news(reader) == ["a line"]


def test_what_is_not_wished_for_moves_the_cursor_all_the_same(
    running: Service, engine: FakeRuntime
) -> None:
    reader = reading(running, Wish(stream="stderr", search="x"))
    say(engine, running, "x out")
    say(engine, running, "x err", "y err", stream="stderr")

    assert [one.entry.text for one in reader.begin(lines=10)] == ["x err"]
    assert news(reader) == []


def test_secrets_stay_masked(running: Service, engine: FakeRuntime) -> None:
    Service.objects.filter(pk=running.pk).update(
        environment={"KEY": "tops3cret"}, secret_names=["KEY"]
    )
    reader = reading(running)
    reader.begin(lines=1)
    say(engine, running, "the key is tops3cret")

    assert "tops3cret" not in news(reader)[0]


@pytest.mark.parametrize("replicas", [1, 2])
def test_what_was_before_the_time_asked_for_never_follows(
    running: Service, engine: FakeRuntime, replicas: int
) -> None:
    done(lambda: scale(running, replicas=replicas, actor="alice"))
    instances = alive(running)
    for instance in instances:
        engine.say(instance.engine_id, "old")
    reader = reading(running)
    begun = reader.begin(lines=10, since=datetime.now(UTC).isoformat().replace("+00:00", "Z"))
    again = reading(running, cursor=reader.position.text())
    engine.say(instances[0].engine_id, "new", stream="stderr")

    assert (begun, news(reader), news(again)) == ([], ["new"], ["new"])


@pytest.mark.parametrize("since", ["", "2026-01-31T12:00:00Z"])
def test_what_the_last_lines_left_out_never_follows(
    reader: Following, running: Service, engine: FakeRuntime, since: str
) -> None:
    lines = engine.engine.find(only(running).engine_id).lines
    lines.append(LogLine("2026-01-31T12:00:01Z", "stderr", "left out"))
    lines.append(LogLine("2026-01-31T12:00:02Z", "stdout", "last"))

    begun = [one.entry.text for one in reader.begin(lines=1, since=since)]

    assert (begun, news(reader)) == (["last"], [])


def test_an_engine_away_at_the_beginning_makes_nothing_old_new(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    say(engine, running, "old")
    engine.fail_next("logs", EngineError("away"))
    reader.begin(lines=10)
    say(engine, running, "new")

    assert news(reader) == ["new"]


def test_last_words_of_one_that_never_spoke_are_told(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    reader.begin(lines=10)
    say(engine, running, "only words")
    done(lambda: stop(running, actor="alice"))

    assert news(reader) == ["only words"]


def test_a_flood_is_read_in_parts(
    reader: Following, running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_TEXT", 10)
    reader.begin(lines=1)
    say(engine, running, *(f"line {number}" for number in range(5)))

    assert [news(reader) for _ in range(4)] == [
        ["line 0", "line 1"],
        ["line 2", "line 3"],
        ["line 4"],
        [],
    ]


@pytest.fixture
def flooding(running: Service, engine: FakeRuntime) -> Service:
    """Two instances of five lines each."""
    done(lambda: scale(running, replicas=2, actor="alice"))
    for number in range(10):
        engine.say(alive(running)[number % 2].engine_id, f"line {number}")
    return running


@pytest.mark.parametrize(("most", "value"), [("MOST_LINES", 4), ("MOST_CURSORS", 500)])
def test_a_flood_of_many_is_read_in_parts_of_each(
    flooding: Service, monkeypatch: pytest.MonkeyPatch, most: str, value: int
) -> None:
    monkeypatch.setattr(logs, most, value)
    parts = list(iter(partial(news, reading(flooding)), []))

    assert max(len(part) for part in parts) <= 4
    assert sorted(line for part in parts for line in part) == [
        f"line {number}" for number in range(10)
    ]


@pytest.mark.parametrize(("most", "value"), [("MOST_LINES", 4), ("MOST_TEXT", 24)])
def test_the_last_lines_of_many_are_a_share_of_each(
    flooding: Service, monkeypatch: pytest.MonkeyPatch, most: str, value: int
) -> None:
    monkeypatch.setattr(logs, most, value)
    reader = reading(flooding)

    begun = [one.entry.text for one in reader.begin(lines=100)]

    assert (begun, news(reader)) == ([f"line {number}" for number in range(6, 10)], [])


def test_a_removed_service_ends_it(reader: Following, running: Service) -> None:
    Service.objects.update(wanted_state=WantedState.REMOVED)

    assert reader.news() is None


@pytest.mark.parametrize("text", ["a\nb", '"}\n{"x":1}', "\u2028", "\x1b[31m", "\ud800"])
def test_a_line_is_one_line_whatever_it_says(text: str) -> None:
    entry = LogEntry("", "web-1", "stdout", text)

    line = follow.Told(entry, "c").line

    assert line.splitlines(keepends=True) == [line]
    assert json.loads(line)["line"] == text
    assert line.isascii()


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Handover]]:
    monkeypatch.setattr(follow, "MOST_OF_A_TEAM", 2)
    taken: list[Handover] = []
    yield taken
    for one in taken:
        one.close()


def test_a_team_follows_so_many_at_once(reader: Following, places: list[Handover]) -> None:
    for _ in range(2):
        places.append(Handover())
        places[-1].take(reader)

    with pytest.raises(TooManyError):
        Handover().take(reader)
    places[0].close()
    places[0].close()
    places[0].take(reader)

    with pytest.raises(TooManyError):
        Handover().take(reader)


Mark = tuple[bytes, int, int]


def forged(began: int, *marks: Mark, form: int = positions.FORM) -> str:
    """By somebody who knows the form."""
    body = positions._BEGAN.pack(began) + b"".join(positions._MARK.pack(*mark) for mark in marks)
    raw = positions._HEAD.pack(form, zlib.crc32(body)) + body
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


NOW = nanoseconds("2026-01-31T12:00:00Z")
ID = bytes.fromhex("0123456789ab")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "W10=",
        "é",
        base64.urlsafe_b64encode(b'["2026-01-31T12:00:00Z",{}]').decode(),  # of before
        "A" * 20_000,
        forged(NOW, form=2),
        forged(0),
        forged(2**64 - 1),
        forged(NOW, (ID, 0, 1)),
        forged(NOW, (ID, 2**64 - 1, 1)),
        forged(NOW, *[(ID, NOW, 1)] * 1000),
        forged(NOW, (ID, NOW, 1))[:-4],
        forged(NOW)[:8],
    ],
)
def test_a_forged_cursor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cursor of an earlier answer"):
        Position.parse(text)


def test_a_cursor_of_another_service_opens_nothing(running: Service, engine: FakeRuntime) -> None:
    say(engine, running, "mine")
    cursor = forged(NOW, (ID, NOW, 2))

    assert news(reading(running, cursor=cursor)) == ["mine"]


def test_a_cursor_does_not_grow_with_the_instances_that_were(
    reader: Following, running: Service, engine: FakeRuntime
) -> None:
    for number in range(100):
        reader.position.take(f"{number:012x}.stdout", (NOW, 1))
    say(engine, running, "one")
    reader.news()

    assert {source[:12] for source in reader.position.marks} == {only(running).id.hex[:12]}
