"""An engine that is gone, hangs or talks nonsense: the driver on sockets that tests made."""

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.errors import EngineError, EngineUnreachableError
from services.runtimes.base import Selector
from services.runtimes.breaker import Breaker
from services.runtimes.docker import DockerRuntime
from services.runtimes.docker_engine import Engine

VERSION = b'{"ApiVersion":"1.41","Version":"20.10","Os":"linux","Arch":"amd64"}'


def http(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


def whole_request(connection: socket.socket) -> bytes:
    """Its head and body, which may come one after the other; empty at the end."""
    request = b""
    while chunk := connection.recv(65536):
        request += chunk
        head, end, body = request.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if end and len(body) >= int(length[1] if length else 0):
            return request
    return b""


@contextmanager
def engine_at(path: Path, answer: Callable[[bytes], bytes | None]) -> Iterator[str]:
    """Answers each request of a connection; None leaves it waiting until the test is over."""
    over = threading.Event()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve(connection: socket.socket) -> None:
        with connection:
            while request := whole_request(connection):
                said = answer(request)
                if said is None:
                    over.wait(10)
                    return
                connection.sendall(said)

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=[connection], daemon=True).start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield f"unix://{path}"
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(timeout=5)


@contextmanager
def runtime_at(url: str, *, timeout_s: float = 10) -> Iterator[DockerRuntime]:
    runtime = DockerRuntime(url, timeout_s=timeout_s)
    try:
        yield runtime
    finally:
        runtime.close()


def test_an_engine_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    gone = f"unix://{tmp_path}/none.sock"
    with (
        runtime_at(gone) as runtime,
        pytest.raises(EngineUnreachableError, match="no such file") as caught,
    ):
        runtime.info()

    assert "dockerd" in caught.value.fix


def test_an_engine_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    with (
        engine_at(tmp_path / "s", lambda _: None) as url,
        runtime_at(url, timeout_s=0.4) as runtime,
    ):
        started_at = time.monotonic()
        with pytest.raises(EngineError) as caught:
            runtime.info()

    assert caught.value.error_code == "engine.timeout"
    assert time.monotonic() - started_at < 20


def test_an_engine_that_becomes_slow_is_given_up(tmp_path: Path) -> None:
    answers = iter([http(b"200 OK", VERSION)])
    with (
        engine_at(tmp_path / "s", lambda _: next(answers, None)) as url,
        runtime_at(url, timeout_s=0.4) as runtime,
        pytest.raises(EngineError) as caught,
    ):
        runtime.image_id("web:1")

    assert caught.value.error_code == "engine.timeout"


def test_a_client_that_another_thread_closed_says_the_engine_is_gone(tmp_path: Path) -> None:
    """Whoever finds the engine gone closes the client, also under those that just asked for it."""
    with engine_at(tmp_path / "s", lambda _: http(b"200 OK", VERSION)) as url:
        engine = Engine(url)

        def list_late() -> None:
            with engine.call("list containers") as client:
                engine.close()
                client.containers()

        with pytest.raises(EngineUnreachableError):
            list_late()
        engine.ping()


PORT = "engine.port_taken"


@pytest.mark.parametrize(
    ("status", "said", "code"),
    [
        (b"500 E", b"write /x: no space left on device", "engine.disk_full"),
        (b"409 E", b"Conflict. The name is already in use by container a", "engine.name_taken"),
        (b"500 E", b"Bind for 0.0.0.0:80 failed: port is already allocated", PORT),
        (b"500 E", b"listen tcp4 :80: bind: address already in use", PORT),
        (b"500 E", b"failed to bind host port 0.0.0.0:53/tcp: address already in use", PORT),
        (b"500 E", b"for 0.0.0.0:80:172.31.0.2:80/udp: address already in use", PORT),
        (b"403 E", b"Address already in use", "engine.address_taken"),
        (b"403 E", b"Pool overlaps with other one", "engine.network_clash"),
        (b"500 E", b"failed to update store for object type x", "engine.unreachable"),
        (b"500 E", b"transport is closing: unavailable", "engine.unreachable"),
        (b"500 E", b"something new", "engine.failed"),
    ],
)
def test_what_the_engine_says_becomes_a_code(
    tmp_path: Path, status: bytes, said: bytes, code: str
) -> None:
    answers = iter([http(b"200 OK", VERSION), http(status, b'{"message":"%s"}' % said)])
    with (
        engine_at(tmp_path / "s", lambda _: next(answers)) as url,
        runtime_at(url) as runtime,
        pytest.raises(EngineError) as caught,
    ):
        runtime.image_id("web:1")

    assert caught.value.error_code == code
    assert said.decode() in caught.value.message


def test_an_answer_that_is_no_json_is_no_crash_of_ours(tmp_path: Path) -> None:
    with (
        engine_at(tmp_path / "s", lambda _: http(b"200 OK", b"<html>")) as url,
        runtime_at(url) as runtime,
        pytest.raises(EngineError),
    ):
        runtime.info()


def test_watching_tells_once_that_the_engine_is_away_and_goes_on_trying(tmp_path: Path) -> None:
    with runtime_at(f"unix://{tmp_path}/none.sock") as runtime:
        over = threading.Event()
        events = runtime.watch(install="i", stopped=over.is_set)
        first = next(events)
        threading.Timer(0.6, over.set).start()
        later = list(events)

    assert (first.kind, later) == ("lost", [])


def test_a_stream_that_breaks_is_opened_again_with_a_gap(tmp_path: Path) -> None:
    def answer(request: bytes) -> bytes:
        return http(b"200 OK", VERSION if b"/version" in request else b"")

    with engine_at(tmp_path / "s", answer) as url, runtime_at(url) as runtime:
        events = runtime.watch(install="i", stopped=lambda: False)

        assert [next(events).gap, next(events).gap] == [True, True]


def test_an_event_in_the_middle_of_a_look_hides_no_container(tmp_path: Path) -> None:
    """An event makes the driver forget what it knew; the look must not take that for a removal."""
    row = {"State": "exited", "Status": "Exited (0) now", "Names": ["/x"], "Labels": {}}
    seen = {"State": {"Status": "exited", "ExitCode": 0}, "RestartCount": 0}

    def answer(request: bytes) -> bytes:
        if b"/version" in request:
            return http(b"200 OK", VERSION)
        if b"/b/json" in request:
            runtime._observations.forget("a")
        is_list = b"/containers/json" in request
        said = [row | {"Id": "a"}, row | {"Id": "b"}] if is_list else seen
        return http(b"200 OK", json.dumps(said).encode())

    with engine_at(tmp_path / "s", answer) as url, runtime_at(url) as runtime:
        found = runtime.observe(Selector(install="i"))

    assert [one.engine_id for one in found] == ["a", "b"]


def test_a_dead_engine_is_not_asked_again_for_a_while(tmp_path: Path) -> None:
    now = [0.0]
    engine = Engine(f"unix://{tmp_path}/s", breaker=Breaker(threshold=2, clock=lambda: now[0]))
    for _ in range(2):
        with pytest.raises(EngineUnreachableError, match="cannot be reached"):
            engine.ping()

    with pytest.raises(EngineUnreachableError, match="rests for 5 s"):
        engine.ping()
    now[0] = 6.0
    with engine_at(tmp_path / "s", lambda _: http(b"200 OK", VERSION)):
        engine.ping()
        engine.close()


def test_one_failure_after_the_pause_is_enough_for_another() -> None:
    now = [0.0]
    breaker = Breaker(threshold=2, pause_s=5, clock=lambda: now[0])
    breaker.failed()
    assert breaker.remaining_s() == 0
    breaker.failed()
    assert breaker.remaining_s() == 5

    now[0] = 6.0
    breaker.failed()

    assert breaker.remaining_s() == 5
    breaker.succeeded()
    assert breaker.remaining_s() == 0


def commands(*looks: bytes, started: bytes | None) -> Callable[[bytes], bytes | None]:
    """An engine that runs a command: what it says when asked how it ended, the last for ever."""
    left = list(looks)

    def answer(request: bytes) -> bytes | None:
        path = request.split(b" ", 2)[1]
        if b"/version" in path:
            return http(b"200 OK", VERSION)
        if path.endswith(b"/start"):
            return started
        if path.endswith(b"/json"):
            return http(b"200 OK", left.pop(0) if len(left) > 1 else left[0])
        return http(b"201 Created", b'{"Id":"c"}')

    return answer


NOT_BEGUN = b'{"Running":false,"ExitCode":null,"Pid":0}'


def test_a_command_that_has_not_begun_in_its_time_is_no_success(tmp_path: Path) -> None:
    with (
        engine_at(tmp_path / "s", commands(NOT_BEGUN, started=None)) as url,
        runtime_at(url) as runtime,
        pytest.raises(EngineError) as caught,
    ):
        runtime.exec("web", ["true"], timeout_s=0.3)

    assert caught.value.error_code == "engine.run_timeout"


def test_an_exit_code_that_comes_after_the_output_is_waited_for(tmp_path: Path) -> None:
    looks = (b'{"Running":true,"ExitCode":null,"Pid":1}', b'{"Running":false,"ExitCode":3,"Pid":1}')
    with (
        engine_at(tmp_path / "s", commands(*looks, started=http(b"200 OK", b""))) as url,
        runtime_at(url) as runtime,
    ):
        result = runtime.exec("web", ["false"], timeout_s=20)

    assert result.exit_code == 3
