"""A build's log: masked, in batches, and told to those who listen."""

from typing import Any

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from services import events
from services.lifecycle import build_log
from services.lifecycle.build_log import MOST_BYTES, BuildLog
from services.models import Build, Service
from tests.factories import make_build


@pytest.fixture
def build(service: Service) -> Build:
    return make_build(service)


def chunks(build: Build) -> list[tuple[int, str]]:
    return list(build.chunks.values_list("number", "text"))


def test_lines_that_come_together_are_written_together(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_log, "EVERY_S", 60)
    log = BuildLog(build, secrets=[])
    for line in ("one", "two", "three"):
        log.write(line)
    log.flush()

    assert chunks(build) == [(1, "one\ntwo\nthree\n")]


def test_what_has_waited_long_enough_is_written(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_log, "EVERY_S", 60)
    log = BuildLog(build, secrets=[])
    log.write("one")
    log.flush_if_due()
    assert chunks(build) == []

    monkeypatch.setattr(build_log, "EVERY_S", 0)
    log.flush_if_due()
    assert chunks(build) == [(1, "one\n")]


def test_much_at_once_is_not_held_back(build: Build) -> None:
    log = BuildLog(build, secrets=[])

    log.write("x" * MOST_BYTES)

    assert len(chunks(build)) == 1


def test_nothing_to_say_writes_nothing(build: Build) -> None:
    BuildLog(build, secrets=[]).flush()

    assert chunks(build) == []


def test_secrets_never_reach_the_log(build: Build) -> None:
    log = BuildLog(build, secrets=["hunter2-and-more"])

    log.write("connecting with hunter2-and-more as password")
    log.flush()

    assert "hunter2" not in chunks(build)[0][1]


def test_secrets_are_masked_in_whatever_tells_of_a_failure(build: Build) -> None:
    log = BuildLog(build, secrets=["hunter2-and-more"])

    masked = log.mask({"tail": ["with hunter2-and-more"], "line": 3, "step": "hunter2-and-more"})

    assert "hunter2" not in str(masked)
    assert masked["line"] == 3


def test_a_nul_character_does_not_stop_the_log(build: Build) -> None:
    log = BuildLog(build, secrets=[])

    log.write("binary\0output")
    log.flush()

    assert chunks(build) == [(1, "binaryoutput\n")]


def test_a_worker_that_takes_over_goes_on_numbering(build: Build) -> None:
    for text in ("first", "second"):
        log = BuildLog(build, secrets=[])
        log.write(text)
        log.flush()

    assert chunks(build) == [(1, "first\n"), (2, "second\n")]


def test_listeners_get_each_chunk_after_it_is_written(
    build: Build, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    heard: list[dict[str, Any]] = []
    unsubscribe = events.subscribe(lambda said: heard.append(said.frame or {}))
    log = BuildLog(build, secrets=[])

    with django_capture_on_commit_callbacks(execute=True):
        log.write("one")
        log.flush()
    unsubscribe()

    [frame] = heard
    assert frame["event"] == "build_log"
    assert (frame["payload"]["number"], frame["payload"]["text"]) == (1, "one\n")
