"""The desk: what may be asked by a process without an engine, by whom, and what is refused."""

import json
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from services.errors import (
    BadRequestError,
    EngineError,
    EngineUnreachableError,
    NotFoundError,
)
from services.lifecycle import clean, desk
from services.lifecycle.desk import DeskServer
from services.lifecycle.leftovers import Leftover, Report
from services.models import Service
from services.runtimes.base import Selector
from services.runtimes.desk import SOCKETS, Desk
from services.runtimes.fake import FakeRuntime
from services.runtimes.remote import RemoteRuntime

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "of this installation"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below the test's own folder, whose path may be longer than that of a socket can be."""
    with tempfile.TemporaryDirectory() as place:
        yield Path(place, "desk")


@pytest.fixture
def server(folder: Path) -> Iterator[DeskServer]:
    server = DeskServer(folder, secret=SECRET)
    server.start()
    yield server
    server.stop()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(5)


@pytest.fixture
def asker(server: DeskServer, folder: Path) -> Desk:
    return Desk(folder, SECRET)


def said(folder: Path, line: bytes) -> list[dict[str, Any]]:
    """What a stranger hears who writes whatever he likes."""
    (path,) = folder.glob(SOCKETS)
    with socket.socket(socket.AF_UNIX) as line_to:
        line_to.settimeout(10)
        line_to.connect(str(path))
        line_to.sendall(line)
        line_to.shutdown(socket.SHUT_WR)
        told = b""
        # Whoever is not read to the end may hear a reset after the answer.
        with suppress(ConnectionResetError):
            while more := line_to.recv(65536):
                told += more
        return [json.loads(text) for text in told.splitlines()]


def test_what_the_engine_shows_is_told(asker: Desk, engine: FakeRuntime) -> None:
    remote = RemoteRuntime(asker)

    assert remote.info() == engine.info()
    assert remote.image_id("an/image:1") == engine.image_id("an/image:1")
    assert asker.ask("router") == "ok"


def test_the_lines_of_an_instance_are_told(
    asker: Desk, running: Service, engine: FakeRuntime
) -> None:
    (row,) = running.instances.all()

    told = list(RemoteRuntime(asker).logs(row.engine_id, tail=5))

    assert told == list(engine.logs(row.engine_id, tail=5))


def test_what_no_row_names_is_not_shown(asker: Desk, running: Service) -> None:
    """The engine has other containers, and web processes are what strangers speak to."""
    with pytest.raises(NotFoundError):
        list(RemoteRuntime(asker).logs("a-database-of-somebody-else"))
    with pytest.raises(NotFoundError):
        list(RemoteRuntime(asker).logs(""))


def test_another_secret_gets_no_answer(server: DeskServer, folder: Path) -> None:
    for secret in ("", "of another one", SECRET[:-1]):
        with pytest.raises(BadRequestError):
            Desk(folder, secret).ask("info")


@pytest.mark.parametrize("call", ["apply", "remove", "exec", "_read", "", "__class__", "observe"])
def test_nothing_can_be_asked_that_the_table_does_not_have(asker: Desk, call: str) -> None:
    with pytest.raises(BadRequestError):
        asker.ask(call)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"ref": None},
        {"ref": ["a"]},
        {"ref": {"a": 1}},
    ],
)
def test_arguments_of_another_shape_are_refused(asker: Desk, arguments: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        asker.ask("image_id", **arguments)


@pytest.mark.parametrize("port", [-1, 65536, "80", None, 1.5])
def test_only_a_port_is_a_port(asker: Desk, port: object) -> None:
    with pytest.raises(BadRequestError):
        asker.ask("is_free", port=port, protocol="tcp", host_ip="127.0.0.1")


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", b'{"secret": 1', b"[" * 70000]
)
def test_noise_is_refused_and_the_next_one_answered(asker: Desk, folder: Path, line: bytes) -> None:
    (answer,) = said(folder, line)

    assert answer["error"]["kind"] == "BadRequestError"
    assert asker.ask("router") == "ok"


def test_images_of_a_service_that_lives_stay(
    asker: Desk, running: Service, engine: FakeRuntime
) -> None:
    """Whoever asks may say that it is removed; the row says that it is not."""
    before = engine.images(install="")

    assert asker.ask("remove_images_of", services=[str(running.id)]) == []

    assert engine.images(install="") == before


def test_a_clean_up_is_a_dry_run_unless_it_is_said_otherwise(asker: Desk) -> None:
    told = asker.ask("clean", team="", shared=True, orphans=False, dry_run="no")

    assert Report.from_json(told).is_dry_run


def test_a_report_comes_through_whole() -> None:
    row = Leftover("image", "a", "old", 7)
    report = Report(is_dry_run=False, removed=[row], refused=[row], freed_bytes=3)

    assert Report.from_json(json.loads(json.dumps(asdict(report)))) == report


def test_an_error_of_the_engine_is_raised_where_it_was_asked(
    asker: Desk, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise EngineUnreachableError("it is away", fix="start it", params={"port": 1})

    monkeypatch.setattr(engine, "info", fail)

    with pytest.raises(EngineUnreachableError) as caught:
        asker.ask("info")

    assert (caught.value.message, caught.value.fix) == ("it is away", "start it")
    assert caught.value.params == {"port": 1}


def test_an_error_comes_through_whatever_its_figures_are(
    asker: Desk, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise EngineError("no", details={"port": ["is taken"]}, params={"path": Path("/a")})

    monkeypatch.setattr(engine, "info", fail)

    with pytest.raises(EngineError, match="no") as caught:
        asker.ask("info")

    assert caught.value.details == {"port": ["is taken"]}
    assert caught.value.params == {"path": "/a"}


def test_what_removes_may_take_longer_than_a_look(
    server: DeskServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given up early, it would go on unseen, and be asked for once more beside itself."""

    late = Report(is_dry_run=True, removed=[Leftover("image", "a", "old")])

    def slow(*_: object, **__: object) -> Report:
        time.sleep(0.5)
        return late

    asker = Desk(folder, SECRET, timeout_s=0.1)
    monkeypatch.setattr(clean, "desk", lambda: asker)
    monkeypatch.setattr(desk, "clean", slow)
    monkeypatch.setattr(
        desk, "remove_images_of", lambda _: [leftover.name for leftover in slow().removed]
    )
    monkeypatch.setitem(cast("dict[str, Any]", desk.ANSWERS), "info", lambda _: asdict(slow()))

    with pytest.raises(EngineUnreachableError):
        asker.ask("info")
    assert clean.clean() == late
    assert clean.remove_images_of([uuid4()]) == ["a"]


def test_without_a_worker_it_is_unreachable(folder: Path) -> None:
    with pytest.raises(EngineUnreachableError):
        Desk(folder, SECRET).ask("info")


def test_the_socket_of_a_killed_worker_is_passed_over_and_dropped(folder: Path) -> None:
    folder.mkdir()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(folder / "000000000000.sock"))
    server = DeskServer(folder, secret=SECRET)
    server.start()

    assert len(list(folder.glob(SOCKETS))) == 1
    with socket.socket(socket.AF_UNIX) as killed:  # one more, that was killed since
        killed.bind(str(folder / "000000000000.sock"))
    assert Desk(folder, SECRET).ask("router") == "ok"
    server.stop()
    with pytest.raises(EngineUnreachableError):
        Desk(folder, SECRET).ask("router")


def test_a_desk_that_another_worker_opened_stays(server: DeskServer, folder: Path) -> None:
    second = DeskServer(folder, secret=SECRET)
    second.start()
    second.stop()

    assert Desk(folder, SECRET).ask("router") == "ok"


def test_a_desk_that_does_not_listen_yet_is_not_taken_for_a_dead_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listen = desk._Server.server_activate

    def as_another_opens(server: desk._Server) -> None:
        desk._drop_dead(folder)
        listen(server)

    monkeypatch.setattr(desk._Server, "server_activate", as_another_opens)
    slow = DeskServer(folder, secret=SECRET)
    slow.start()

    assert Desk(folder, SECRET).ask("router") == "ok"
    slow.stop()


def test_no_more_are_answered_at_once_than_there_are_places(
    asker: Desk, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is held up holds up nobody but those of its own kind."""
    monkeypatch.setattr(desk, "MOST_AT_ONCE", 1)
    held, go = threading.Event(), threading.Event()

    def hold() -> str:
        held.set()
        go.wait(10)
        return "ok"

    monkeypatch.setitem(cast("dict[str, Any]", desk.ANSWERS), "router", lambda _: hold())
    few = asker.folder.parent / "few"  # short: the name of a socket has at most 107 letters
    one_place = DeskServer(few, secret=SECRET)
    one_place.start()
    small = Desk(few, SECRET)
    first = threading.Thread(target=lambda: small.ask("router"))
    first.start()
    held.wait(10)
    try:
        with pytest.raises(Exception, match="no time"):
            small.ask("info")
    finally:
        go.set()
        first.join(10)
        one_place.stop()


def test_it_does_not_open_without_a_secret(folder: Path) -> None:
    with pytest.raises(ValueError, match="secret"):
        DeskServer(folder, secret="")


def test_only_its_own_user_can_reach_the_socket(server: DeskServer, folder: Path) -> None:
    (path,) = folder.glob(SOCKETS)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_process_without_an_engine_changes_nothing(asker: Desk) -> None:
    remote = RemoteRuntime(asker)

    with pytest.raises(EngineError) as caught:
        remote.remove_network("kyozo-net")
    with pytest.raises(EngineError):
        remote.observe(Selector(install="x"))

    assert caught.value.error_code == "engine.not_here"
