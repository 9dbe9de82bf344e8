"""Lines of instances that ended: as near as those of what runs, and as often as those told once."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from services.lifecycle.deploy import deploy
from services.lifecycle.scale import scale
from services.lifecycle.stop import stop
from services.models import Instance, Release, Service
from services.monitoring import follow, logs
from services.monitoring.follow import Following, Told
from services.monitoring.lines import Wish
from services.monitoring.positions import Position
from services.runtimes.base import LogLine
from services.runtimes.fake import FakeRuntime
from tests.factories import make_instance
from tests.services.lifecycle.working import alive, change, done, only

ALL = Wish()
START = datetime(2026, 1, 31, 12, tzinfo=UTC)


def reading(service: Service, wish: Wish = ALL, cursor: str = "") -> Following:
    where = Position.parse(cursor) if cursor else Position.now()
    return Following(service, where, wish, service.team_id, user_id=1)


def begin(service: Service, wish: Wish = ALL, *, lines: int = 100, since: str = "") -> list[str]:
    return texts(reading(service, wish).begin(lines=lines, since=since))


def texts(told: list[Told] | None) -> list[str]:
    return [one.entry.text for one in told or []]


def at(minutes: float) -> str:
    return (START + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def ended(service: Service, *lines: tuple[float, str], minutes: float) -> Instance:
    """One that was made an hour before and ended so many minutes after the start."""
    end = START + timedelta(minutes=minutes)
    kept = "\n".join(f"{at(when)} {text}" for when, text in lines)
    times = {"created_at": end - timedelta(hours=1), "removed_at": end}
    return make_instance(service, last_lines=kept, **times)


@pytest.fixture
def two_gone(service: Service) -> Service:
    """Of two instances, by turns; the other one went on for longer."""
    ended(service, (1, "stdout a1"), (3, "stderr a3"), (5, "stdout a5"), minutes=6)
    ended(service, (2, "stdout b2"), (4, "stdout b4"), (8, "stderr b8"), minutes=9)
    return service


def test_all_replicas_of_a_stopped_service_are_heard(running: Service, engine: FakeRuntime) -> None:
    done(lambda: scale(running, replicas=3, actor="alice"))
    for number, instance in enumerate(alive(running)):
        engine.say(instance.engine_id, f"replica {number}")
    done(lambda: stop(running, actor="alice"))

    assert begin(running) == ["replica 0", "replica 1", "replica 2"]


def test_a_deploy_hides_nothing(running: Service, engine: FakeRuntime) -> None:
    engine.say(only(running).engine_id, "old")
    change(running)
    done(lambda: deploy(running, actor="alice"))
    engine.say(only(running).engine_id, "new")

    assert begin(running) == ["old", "new"]
    assert begin(running, lines=1) == ["new"]


@pytest.mark.parametrize(
    ("wish", "since", "lines", "found"),
    [
        (ALL, "", 9, ["a1", "b2", "a3", "b4", "a5", "b8"]),
        (ALL, "", 3, ["b4", "a5", "b8"]),
        (ALL, at(4), 9, ["b4", "a5", "b8"]),
        (ALL, "2026-01-31T13:05:00+01:00", 9, ["a5", "b8"]),
        (ALL, at(60), 9, []),
        (Wish(stream="stderr"), "", 9, ["a3", "b8"]),
        (Wish(stream="stderr"), at(4), 9, ["b8"]),
        (Wish(search="a"), "", 2, ["a3", "a5"]),
    ],
)
def test_kept_lines_are_chosen_as_others(
    two_gone: Service, wish: Wish, since: str, lines: int, found: list[str]
) -> None:
    assert begin(two_gone, wish, lines=lines, since=since) == found


def test_one_that_ended_can_be_chosen(two_gone: Service) -> None:
    names = two_gone.instances.order_by("removed_at").values_list("name", flat=True)

    found = [begin(two_gone, Wish(instance=name)) for name in (*names, "nobody")]

    assert found == [["a1", "a3", "a5"], ["b2", "b4", "b8"], []]


@pytest.mark.parametrize("cut", range(6))
def test_any_cursor_goes_on_in_what_ended(two_gone: Service, cut: int) -> None:
    begun = reading(two_gone).begin(lines=6)
    again = reading(two_gone, cursor=begun[cut].cursor)

    assert texts(begun[: cut + 1]) + texts(again.news()) == ["a1", "b2", "a3", "b4", "a5", "b8"]
    assert again.news() == []


@pytest.mark.parametrize("cut", range(4))
def test_what_was_left_out_never_follows_a_cursor(two_gone: Service, cut: int) -> None:
    ended(two_gone, (6.5, "stdout c"), minutes=7)
    begun = reading(two_gone, Wish(search="b")).begin(lines=2, since=at(1))
    begun += reading(two_gone).begin(lines=2)

    again = reading(two_gone, cursor=begun[cut].cursor).news()

    assert texts(begun) == ["b4", "b8", "c", "b8"]
    assert texts(again) == [["a5", "c", "b8"], [], ["b8"], []][cut]


@pytest.mark.parametrize("cut", range(4))
def test_a_cursor_goes_on_from_what_ended_to_what_lives(
    running: Service, engine: FakeRuntime, cut: int
) -> None:
    for text in ("one", "two"):
        engine.say(only(running).engine_id, text)
    change(running)
    done(lambda: deploy(running, actor="alice"))
    for text in ("three", "four"):
        engine.say(only(running).engine_id, text)

    begun = reading(running).begin(lines=4)
    again = reading(running, cursor=begun[cut].cursor)
    engine.say(only(running).engine_id, "five")

    expected = ["one", "two", "three", "four", "five"]
    assert texts(begun[: cut + 1]) + texts(again.news()) == expected
    assert again.news() == []


def test_who_is_told_all_of_it_has_a_short_cursor(two_gone: Service) -> None:
    reader = reading(two_gone)
    reader.begin(lines=9)

    assert (reader.position.marks, reader.news()) == ({}, [])


def test_of_lines_with_long_cursors_fewer_come(
    two_gone: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "MOST_CURSORS", 500)
    begun = reading(two_gone).begin(lines=6)

    assert 1 < len(begun) < 6
    assert texts(begun) == ["a1", "b2", "a3", "b4", "a5", "b8"][-len(begun) :]
    assert texts(reading(two_gone, cursor=begun[0].cursor).news()) == texts(begun[1:])


def test_who_asks_for_no_cursors_gets_all_lines(
    two_gone: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(two_gone, (7, "stdout c7"), minutes=8)
    each = reading(two_gone)
    each.begin(lines=6)
    monkeypatch.setattr(follow, "MOST_CURSORS", 500)
    plain = reading(two_gone)
    plain.is_resumed = False

    told = plain.begin(lines=6)

    assert texts(told) == ["b2", "a3", "b4", "a5", "c7", "b8"]
    assert {one.cursor for one in told} == {""}
    assert plain.position.marks == each.position.marks


def texts_read(service: Service, wish: Wish = ALL, *, lines: int) -> int:
    """Of how many instances the kept lines were read."""
    with CaptureQueriesContext(connection) as asked:
        reading(service, wish).begin(lines=lines)
    reads = [query["sql"].partition(" WHERE ")[0] for query in asked]
    return sum('"last_lines"' in read and "," not in read for read in reads)


def test_no_more_is_read_than_the_answer_needs(service: Service) -> None:
    for hour in range(1, 5):
        minutes = 60.0 * hour
        ended(service, (minutes - 2, "stdout x"), (minutes - 1, "stdout y"), minutes=minutes)

    assert [texts_read(service, lines=lines) for lines in (1, 2, 3, 100)] == [1, 1, 2, 4]
    assert texts_read(service, Wish(search="z"), lines=1) == 4


def queries_beside_texts(service: Service) -> int:
    with CaptureQueriesContext(connection) as asked:
        read = begin(service)
    return len(asked) - len(read)


def test_what_masks_them_is_read_once_for_all(service: Service) -> None:
    """Each of a release of its own, with the password of a sibling."""
    found = {"variable": "DATABASE_URL", "target": "db", "part": "url", "kind": "postgres"}
    service.plan = {**service.plan, "connections": [found]}
    service.save(update_fields=["plan"])
    counts = []
    for minutes in range(1, 5):
        ended(service, (minutes, "stdout at postgres://u:tops3cret@db/x"), minutes=minutes)
        Release.objects.update(environment={"DATABASE_URL": "postgres://u:tops3cret@db/x"})
        counts.append(queries_beside_texts(service))

    assert counts == counts[:1] * 4
    assert begin(service) == ["at postgres://u:****@db/x"] * 4


def test_a_search_reads_so_much_and_no_more(
    two_gone: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MOST_KEPT", 10)

    assert texts_read(two_gone, Wish(search="a1"), lines=1) == 1


@pytest.mark.parametrize(
    ("most", "found"),
    [(99, ["a1", "b2", "a3", "b4", "a5", "b8"]), (6, ["b4", "a5", "b8"]), (1, ["b8"])],
)
def test_an_answer_holds_so_much_text_and_no_more(
    two_gone: Service, monkeypatch: pytest.MonkeyPatch, most: int, found: list[str]
) -> None:
    monkeypatch.setattr(logs, "MOST_TEXT", most)
    begun = reading(two_gone).begin(lines=100)

    assert texts(begun) == found
    assert texts(reading(two_gone, cursor=begun[0].cursor).news())[:1] == found[1:2]


def test_what_no_answer_has_room_for_is_not_read(
    two_gone: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(two_gone, (100, "stdout long"), minutes=101)
    monkeypatch.setattr(logs, "MOST_TEXT", 3)

    assert texts_read(two_gone, lines=100) == 2
    assert begin(two_gone) == ["long"]


def test_no_line_stands_where_a_longer_one_was_left_out(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(service, (7, "stdout a very long line"), (8, "stdout b8"), minutes=9)
    ended(service, (3, "stdout a3"), (8.5, "stdout a8"), minutes=8.9)
    monkeypatch.setattr(logs, "MOST_TEXT", 8)

    assert begin(service) == ["b8", "a8"]


def test_a_follower_reads_what_ended_once(running: Service, engine: FakeRuntime) -> None:
    reader = reading(running)
    reader.begin(lines=10)
    engine.say(only(running).engine_id, "last words")
    done(lambda: stop(running, actor="alice"))
    told = texts(reader.news())

    Instance.objects.update(last_lines="2090-01-31T12:00:00Z stdout never read")

    assert (told, texts(reader.news())) == (["last words"], [])


def test_a_follower_of_one_instance_hears_no_other(running: Service, engine: FakeRuntime) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))
    first, second = alive(running)
    engine.say(second.engine_id, "before")
    reader = reading(running, Wish(instance=first.name))
    begun = reader.begin(lines=10)
    engine.say(first.engine_id, "mine")
    engine.say(second.engine_id, "other")
    cursor = reader.position.text()

    assert (begun, texts(reader.news())) == ([], ["mine"])
    assert texts(reading(running, cursor=cursor).news()) == ["mine", "other"]


def test_what_became_a_secret_since_is_masked(running: Service, engine: FakeRuntime) -> None:
    engine.say(only(running).engine_id, "the key is tops3cret")
    done(lambda: stop(running, actor="alice"))
    running.environment, running.secret_names = {"KEY": "tops3cret"}, ["KEY"]
    running.save(update_fields=["environment", "secret_names"])

    assert begin(running) == ["the key is ****"]
    assert begin(running, Wish(search="tops3cret")) == []


def test_a_flood_before_the_end_takes_nothing_from_others(
    running: Service, engine: FakeRuntime
) -> None:
    lines = engine.engine.find(only(running).engine_id).lines
    lines += [LogLine(at(0), "stdout", "x" * 1000)] * 3000
    done(lambda: stop(running, actor="alice"))

    kept = running.instances.get().last_lines

    assert 900_000 < len(kept) <= 1024 * 1024
    assert len(begin(running, lines=10_000)) == kept.count("\n") + 1
