"""Following the engine's events: a crash is told and repaired without anybody asking."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from services.lifecycle.stop import stop
from services.models import Event, Service
from services.monitoring import watch
from services.runtimes.base import LABEL_INSTALL, LABEL_SERVICE, EngineEvent
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import containers, done, only
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def watching(running: Service, engine: FakeRuntime) -> Iterator[None]:
    """The watch, in its own threads, until the test is over."""
    over = threading.Event()
    thread = threading.Thread(target=watch.run, args=(over.is_set,))
    thread.start()
    wait_until(lambda: engine.engine._watchers, within_s=20, what="it watches")
    yield
    over.set()
    repairs = [one for one in threading.enumerate() if one.name == "repairs"]
    for one in (thread, *repairs):
        one.join(timeout=20)
        assert not one.is_alive()


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not (is_so := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so


def crashes(service: Service) -> list[Event]:
    rows = Event.objects.filter(service=service, event_type="container_stopped")
    return [row for row in rows if row.event_data.get("reason") == "crashed"]


def serves(service: Service, **also: int) -> bool:
    """By one read: a row is changed between two."""
    rows = service.instances.alive().filter(is_gated=True, is_routed=True, state="running", **also)
    return rows.count() == 1


def test_a_crash_is_told_with_its_exit_code_and_repaired(
    running: Service, engine: FakeRuntime, watching: None
) -> None:
    engine.die(only(running).engine_id, exit_code=9)

    assert soon(lambda: bool(crashes(running)))
    assert crashes(running)[0].event_data["exit_code"] == 9
    assert not crashes(running)[0].is_good_news
    assert soon(lambda: serves(running, restarts=1))


def test_an_end_for_lack_of_memory_is_counted_as_such(
    running: Service, engine: FakeRuntime, watching: None
) -> None:
    engine.die(only(running).engine_id, oom=True)

    assert soon(lambda: bool(only(running).exits))
    [one] = only(running).exits
    assert (one["exit_code"], one["oom"]) == (137, True)


def test_what_is_stopped_from_outside_comes_back_and_is_no_crash(
    running: Service, engine: FakeRuntime, watching: None
) -> None:
    engine.engine.stop(engine.engine.find(only(running).engine_id))

    killed = Event.objects.filter(service=running, event_data__reason="killed from outside")
    assert soon(killed.exists)
    assert soon(lambda: serves(running, restarts=1))
    assert (only(running).exits, crashes(running)) == ([], [])


def test_a_removed_container_is_replaced(
    running: Service, engine: FakeRuntime, watching: None
) -> None:
    before = only(running)
    engine.lose(before.engine_id)

    assert soon(lambda: before.name not in containers(engine) and serves(running))


def test_after_a_silence_everything_is_looked_at(
    running: Service, engine: FakeRuntime, watching: None
) -> None:
    before = only(running)
    engine.unreachable = True
    engine.lose(before.engine_id)
    engine.unreachable = False

    assert soon(lambda: containers(engine) != set() and serves(running))


def test_a_label_that_is_no_id_does_not_end_the_watch(
    running: Service, engine: FakeRuntime, watching: None
) -> None:
    box = engine.engine.add("odd", {LABEL_INSTALL: "kyozo", LABEL_SERVICE: "not an id"})
    engine.engine.start(box)
    engine.lose(only(running).engine_id)

    assert soon(lambda: serves(running))
    assert "odd" in containers(engine)


def test_an_instance_that_was_to_end_did_not_crash(running: Service) -> None:
    instance = only(running)
    done(lambda: stop(running, actor="alice"))

    watch.note_death(EngineEvent(kind="die", engine_id=instance.engine_id, exit_code=143))

    assert crashes(running) == []
