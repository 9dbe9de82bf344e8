"""Faults of the engine and of what runs on it, on an engine of their own: everything comes back."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.harness import SHORT, Kyozo, get
from tests.e2e.kills import operations
from tests.own_engine import BASE, OwnEngine, own_engine
from tests.runner import run as runs
from tests.runner.run import Run
from tests.waiting import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(150)]

App = Callable[..., Path]

SWEEP_S = 3

SERVE = "python3 -m http.server 8000"
# Long enough to be met in its health gate.
SERVE_LATE = f"sleep 6; exec {SERVE}"
TALKATIVE = """
import http.server, os, threading
def talk():
    while True:
        os.write(1, b"all work and no play " * 3000 + b"\\n" + b"short\\n" * 3000)
threading.Thread(target=talk, daemon=True).start()
http.server.test(http.server.SimpleHTTPRequestHandler, port=8000)
"""


@pytest.fixture(scope="module")
def own() -> Iterator[OwnEngine]:
    with runs.begin() as run, own_engine(run, BASE) as engine:
        yield engine


@pytest.fixture
def engine(own: OwnEngine) -> Iterator[OwnEngine]:
    yield own
    if not own.is_running:
        own.start()


@pytest.fixture
def kyozo(engine: OwnEngine) -> Kyozo:
    return platform_on(engine, engine.run)


@pytest.fixture
def app(tmp_path: Path) -> App:
    """`app(name, "RUN sleep 5")` is a folder whose Dockerfile has that line."""

    def make(name: str, *lines: str, start: str = SERVE) -> Path:
        place = tmp_path / name
        place.mkdir()
        change(place, "one", *lines, start=start)
        return place

    return make


def platform_on(engine: OwnEngine, run: Run) -> Kyozo:
    own = {"DOCKER_HOST": engine.url, "KYOZO_IMAGE_SOURCE": "local", "KYOZO_SWEEP_S": str(SWEEP_S)}
    return Kyozo(run, run.platform_environment | SHORT | own)


def change(place: Path, text: str, *lines: str, start: str = SERVE) -> None:
    (place / "index.html").write_text(text, encoding="utf-8")
    parts = (f"FROM {BASE}", "WORKDIR /srv", "COPY . .", *lines, "EXPOSE 8000", f"CMD {start}", "")
    (place / "Dockerfile").write_text("\n".join(parts), encoding="utf-8")


def last(kyozo: Kyozo, name: str) -> dict[str, Any]:
    return operations(kyozo, name)[0]


def wait_for_step(kyozo: Kyozo, name: str, step: str) -> None:
    def is_there() -> bool:
        now = last(kyozo, name)
        return (now["state"], now["step"]) == ("running", step)

    wait_until(is_there, within_s=30, what=f"{name} is in step {step}")


def wait_for_status(kyozo: Kyozo, name: str, status: str, *, within_s: float) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []

    def is_so() -> bool:
        rows[:] = [row for row in kyozo.ask("/services") if row["name"] == name]
        return bool(rows[0]["status"] == status)

    wait_until(is_so, within_s=within_s, what=f"{name} is {status}, not {rows and rows[0]}")
    return rows[0]


def serves(url: str, text: str) -> bool:
    with suppress(httpx.HTTPError):
        answer = get(url, timeout=2)
        return answer.status_code == 200 and answer.text == text
    return False


def test_a_build_waits_for_an_engine_that_was_stopped(
    kyozo: Kyozo, engine: OwnEngine, app: App
) -> None:
    place = app("patient")
    kyozo.deploy(place)
    url = kyozo.url("patient")
    change(place, "two", "RUN sleep 10")

    with kyozo.begin("deploy", place) as command:
        wait_for_step(kyozo, "patient", "build")
        time.sleep(2)
        engine.stop()
        row = wait_for_status(kyozo, "patient", "unknown", within_s=30)
        assert "engine" in row["status_reason"]
        assert last(kyozo, "patient")["state"] == "running"
        engine.start()

        assert command.wait(timeout=60) == 0
    assert serves(url, "two")
    assert kyozo.service("patient")["status"] == "running"


@pytest.mark.parametrize("end", [OwnEngine.stop, OwnEngine.kill])
def test_a_rollout_goes_on_when_the_engine_is_back(
    end: Callable[[OwnEngine], None], kyozo: Kyozo, engine: OwnEngine, app: App
) -> None:
    name = f"rollout-{end.__name__}"
    place = app(name)
    kyozo.deploy(place)
    change(place, "two", start=SERVE_LATE)

    with kyozo.begin("deploy", place) as command:
        wait_for_step(kyozo, name, "health")
        end(engine)
        wait_for_status(kyozo, name, "unknown", within_s=30)
        engine.start()

        assert command.wait(timeout=60) == 0, last(kyozo, name)["error"]
    assert serves(kyozo.url(name), "two")
    assert len(kyozo.containers(name)) == 1


def test_services_are_unknown_without_the_engine_and_back_with_it(
    kyozo: Kyozo, engine: OwnEngine, app: App
) -> None:
    kyozo.deploy(app("steady"))
    url = kyozo.url("steady")

    engine.stop()
    wait_for_status(kyozo, "steady", "unknown", within_s=30)
    time.sleep(3)  # health checks fail meanwhile, and are no proof of anything
    assert kyozo.service("steady")["status"] == "unknown"
    engine.start()

    wait_until(lambda: serves(url, "one"), within_s=30, what="the service is back")
    wait_for_status(kyozo, "steady", "running", within_s=30)


def test_a_platform_killed_while_the_engine_is_away_carries_on(
    kyozo: Kyozo, engine: OwnEngine, app: App
) -> None:
    place = app("twice-hit")
    kyozo.deploy(place)
    url = kyozo.url("twice-hit")
    change(place, "two", "RUN sleep 10")

    with kyozo.begin("deploy", place) as command:
        wait_for_step(kyozo, "twice-hit", "build")
        engine.kill()
        platform = kyozo.platform
        assert platform is not None
        os.kill(platform.pid, signal.SIGKILL)
        command.kill()
    wait_until(lambda: kyozo.platform is None, within_s=30, what="the platform is gone")
    assert kyozo("up", "--detach").code == 0
    wait_for_status(kyozo, "twice-hit", "unknown", within_s=30)
    engine.start()

    wait_until(
        lambda: last(kyozo, "twice-hit")["state"] == "succeeded", within_s=60, what="it ends"
    )
    wait_until(lambda: serves(url, "two"), within_s=30, what="the new page is served")


def test_a_flood_of_log_lines_costs_the_platform_nothing(kyozo: Kyozo, app: App) -> None:
    place = app("flood", start="exec python3 app.py")
    (place / "app.py").write_text(TALKATIVE, encoding="utf-8")
    kyozo.deploy(place)
    platform = kyozo.platform
    assert platform is not None

    before = cpu_s(platform.pid)
    time.sleep(3)
    assert cpu_s(platform.pid) - before < 1.5
    lines = kyozo("logs", "flood", "--lines", "200")

    assert "short" in lines.out
    assert len(lines.out) < 5_000_000
    assert resident_mb(platform.pid) < 400
    assert kyozo("stop", "flood").code == 0


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_ports_that_others_would_share_are_not_taken(engine: OwnEngine, app: App) -> None:
    with runs.begin() as run, held(run.port(1)), held(run.port(10)):
        kyozo = platform_on(engine, run)
        kyozo.deploy(app("late"))

        assert str(run.port(10)) not in kyozo.url("late")
        assert str(run.port(1)) not in kyozo.url("late", "host")
        assert [get(kyozo.url("late", kind)).text for kind in ("port", "host")] == ["one", "one"]


@contextmanager
def held(port: int) -> Iterator[None]:
    """By a program that lets others of its user listen there too, and take every second request."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", port))
        holder.listen()
        yield


def test_a_file_that_is_written_to_all_the_time_is_named(kyozo: Kyozo, app: App) -> None:
    place = app("busy")

    # So long that no look at it ends before the next line comes.
    (place / "access.log").write_text("GET /\n" * 10_000_000, encoding="utf-8")
    with writing(place / "access.log", every_s=0.001):
        done = kyozo("deploy", place)

    assert done.code == 1
    assert "access.log" in done.said
    assert "kept changing" in done.said


def test_a_file_that_changes_now_and_then_is_packed(kyozo: Kyozo, app: App) -> None:
    place = app("lively")

    (place / "access.log").touch()
    with writing(place / "access.log", every_s=0.5):
        kyozo.deploy(place)

    assert get(kyozo.url("lively"), "/access.log").text.startswith("GET /\n")


@contextmanager
def writing(path: Path, *, every_s: float) -> Iterator[None]:
    """A line is added to a file again and again."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(every_s):
            with path.open("a", encoding="utf-8") as file:
                file.write("GET /\n")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
