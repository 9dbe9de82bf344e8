"""Faults of the engine and of what runs on it, on an engine of their own: everything comes back."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import SHORT, Done, Kyozo, get, wait_until
from tests.e2e.kills import operations
from tests.e2e.own_engine import BASE, OwnEngine, own_engine
from tests.runner import run as runs

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

App = Callable[..., Path]


@pytest.fixture(scope="module")
def own() -> Iterator[OwnEngine]:
    with runs.begin() as run, own_engine(run) as engine:
        yield engine


@pytest.fixture
def engine(own: OwnEngine) -> Iterator[OwnEngine]:
    yield own
    if not own.is_running:
        own.start()


@pytest.fixture
def kyozo(engine: OwnEngine) -> Kyozo:
    settings = SHORT | {"DOCKER_HOST": engine.url, "KYOZO_IMAGE_SOURCE": "local"}
    return Kyozo(engine.run, engine.run.environment | settings)


@pytest.fixture
def app(tmp_path: Path) -> App:
    """`app(name, "RUN sleep 5")` is a folder whose Dockerfile has that line."""

    def make(name: str, *lines: str) -> Path:
        place = tmp_path / name
        place.mkdir()
        (place / "index.html").write_text("one", encoding="utf-8")
        dockerfile(place, *lines)
        return place

    return make


def dockerfile(place: Path, *lines: str) -> None:
    parts = (f"FROM {BASE}", "WORKDIR /srv", "COPY . .", *lines, "EXPOSE 8000")
    serve = 'CMD ["python3", "-m", "http.server", "8000"]'
    (place / "Dockerfile").write_text("\n".join((*parts, serve, "")), encoding="utf-8")


def test_it(kyozo: Kyozo, app: App) -> None:
    place = app("site")
    began = time.monotonic()
    done = kyozo.deploy(place)
    print(done.said, time.monotonic() - began)
    print(kyozo.service("site"))
    assert get(kyozo.url("site")).text == "one"
    began = time.monotonic()
    dockerfile(place, "RUN head -c 2G /dev/zero > /filler")
    done = kyozo("deploy", place)
    print(done.said, time.monotonic() - began)
    print(kyozo.service("site"))
    dockerfile(place, "RUN true")
    done = kyozo("deploy", place)
    print(done.said, time.monotonic() - began)
