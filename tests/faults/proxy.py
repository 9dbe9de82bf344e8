"""A unix socket between workers and engine, in which one chosen request is held on its way."""

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CHUNK = 64 * 1024
HELD_WITHIN_S = 90
ANSWERED_WITHIN_S = 40
HEAD = re.compile(rb".*?\r\n\r\n", re.DOTALL)
LENGTH = re.compile(rb"\r\nContent-Length: *(\d+)", re.IGNORECASE)
WRITES = re.compile(rb"(POST|PUT|DELETE) /v[\d.]+(/[^? ]+)")
CHUNKED = re.compile(rb"\r\nTransfer-Encoding: *chunked", re.IGNORECASE)
LAST_CHUNK = b"\r\n0\r\n\r\n"
PEER = struct.Struct("3i")  # process, user, group


@dataclass(slots=True)
class HeldRequest:
    """One request, once: which process sent it, and what becomes of it."""

    line: re.Pattern[bytes]
    _sender: int = 0
    _arrived: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)
    _answered: threading.Event = field(default_factory=threading.Event)

    def sender(self) -> int:
        """The process whose request is held here, once one is."""
        assert self._arrived.wait(HELD_WITHIN_S), f"nobody asked for {self.line.pattern!r}"
        return self._sender

    def let_through(self) -> None:
        """The engine gets it now; wait for what it says."""
        self._released.set()
        assert self._answered.wait(ANSWERED_WITHIN_S), "the engine does not answer"

    def hold(self, sender: int) -> None:
        self._sender = sender
        self._arrived.set()
        self._released.wait()

    def answered(self) -> None:
        self._answered.set()

    def give_up(self) -> None:
        self._released.set()


@dataclass(slots=True)
class Proxy:
    """`written`: the first lines of all requests that change something, without the version."""

    path: Path
    engine: Path
    written: list[str] = field(default_factory=list)
    _held: HeldRequest | None = None
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def holding(self, request: str) -> Iterator[HeldRequest]:
        """The next request whose first line begins so: `POST /containers/.*/stop`."""
        method, _, path = request.partition(" ")
        self._held = held = HeldRequest(re.compile(rf"{method} /v[\d.]+{path}[? ]".encode()))
        try:
            yield held
        finally:
            self._held = None
            held.give_up()

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed: that is the end
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as engine:
            try:
                engine.connect(str(self.engine))
            except OSError:
                return
            back = _Back(engine, client)
            threading.Thread(target=back.work, daemon=True).start()
            with suppress(OSError):
                self._forward(client, engine, back)
            with suppress(OSError):
                engine.shutdown(socket.SHUT_WR)
            back.over.wait()

    def _forward(self, client: socket.socket, engine: socket.socket, back: "_Back") -> None:
        while data := client.recv(CHUNK):
            if writes := WRITES.match(data):
                self.written.append(b" ".join(writes.groups()).decode())
            if held := self._take(data):
                data += _rest(client, data)
                held.hold(_sender(client))
                back.waiting = held
            engine.sendall(data)

    def _take(self, data: bytes) -> HeldRequest | None:
        with self._guard:
            held = self._held
            if held is None or not held.line.match(data):
                return None
            self._held = None
            return held


@dataclass(slots=True)
class _Back:
    """From the engine to the client; `waiting` is the request that was held last."""

    engine: socket.socket
    client: socket.socket
    waiting: HeldRequest | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def work(self) -> None:
        with suppress(OSError):
            while data := self.engine.recv(CHUNK):
                if self.waiting:
                    self.waiting.answered()
                self.client.sendall(data)
            self.client.shutdown(socket.SHUT_WR)
        self.over.set()


def _rest(client: socket.socket, data: bytes) -> bytes:
    """What a request still lacks: who is stopped right after its headers never sends its body."""
    rest = b""
    while not _is_whole(data + rest):
        if not (more := client.recv(CHUNK)):
            break
        rest += more
    return rest


def _is_whole(request: bytes) -> bool:
    if not (head := HEAD.match(request)):
        return False
    if CHUNKED.search(head.group()):
        return request.endswith(LAST_CHUNK)
    length = LENGTH.search(head.group())
    return len(request) >= head.end() + (int(length.group(1)) if length else 0)


def _sender(client: socket.socket) -> int:
    found = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size)
    return int(PEER.unpack(found)[0])


@contextmanager
def proxy(path: Path, engine: Path) -> Iterator[Proxy]:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        made = Proxy(path, engine)
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            path.unlink(missing_ok=True)
