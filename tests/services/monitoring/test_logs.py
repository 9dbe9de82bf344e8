"""A service's lines: of all its instances, oldest first."""

import pytest

from services.errors import EngineError
from services.lifecycle.scale import scale
from services.lifecycle.stop import stop
from services.models import Service
from services.monitoring.follow import Following
from services.monitoring.lines import LogEntry, Wish
from services.monitoring.positions import Position
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import alive, done, only


@pytest.fixture
def talking(running: Service, engine: FakeRuntime) -> Service:
    """Five lines, one of them an error."""
    for number in range(4):
        engine.say(only(running).engine_id, f"line {number}")
    engine.say(only(running).engine_id, "an error", stream="stderr")
    return running


def tail(
    service: Service, *, lines: int = 100, since: str = "", stream: str = "", search: str = ""
) -> list[LogEntry]:
    wish = Wish(stream, search)
    reader = Following(service, Position.now(), wish, service.team_id, user_id=1)
    return [told.entry for told in reader.begin(lines=lines, since=since)]


def texts(service: Service, **options: str | int) -> list[str]:
    return [entry.text for entry in tail(service, **options)]  # type: ignore[arg-type]


def test_the_last_lines_come_oldest_first(talking: Service) -> None:
    assert texts(talking, lines=2) == ["line 3", "an error"]


def test_one_stream_can_be_chosen(talking: Service) -> None:
    assert texts(talking, stream="stderr") == ["an error"]


def test_a_search_looks_behind_the_last_lines(talking: Service) -> None:
    assert texts(talking, search="line 0", lines=1) == ["line 0"]


def test_lines_since_a_moment(talking: Service) -> None:
    moment = tail(talking)[3].at

    assert texts(talking, since=moment) == ["line 3", "an error"]


def test_instances_are_mixed_in_order_of_time(running: Service, engine: FakeRuntime) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))
    first, second = alive(running)
    for number, instance in enumerate([first, second, first]):
        engine.say(instance.engine_id, f"line {number}")

    entries = tail(running)

    assert [entry.text for entry in entries] == ["line 0", "line 1", "line 2"]
    assert [entry.instance for entry in entries] == [first.name, second.name, first.name]


def test_the_last_words_of_a_removed_instance_are_kept(talking: Service) -> None:
    done(lambda: stop(talking, actor="alice"))

    assert texts(talking)[-1] == "an error"
    assert texts(talking, search="line 2") == ["line 2"]
    assert texts(talking, since="2020-01-01T00:00:00Z")[-1] == "an error"


def test_a_service_that_never_ran_has_no_lines(service: Service) -> None:
    assert texts(service) == []


def test_an_instance_that_cannot_be_read_is_left_out(talking: Service, engine: FakeRuntime) -> None:
    engine.fail_next("logs", EngineError("gone"))

    assert texts(talking) == []
