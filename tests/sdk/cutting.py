"""A TCP proxy between client and platform that cuts connections where a test wants it to."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 64 * 1024
RESET = struct.pack("ii", 1, 0)  # linger for no time: the end is a reset


@dataclass(slots=True)
class Cutter:
    """`before` requests are cut on their way there, `after` when the platform has answered them.

    `answered` collects the first lines of requests that the platform got whole.
    """

    upstream: int
    port: int = 0
    before: int = 0
    after: int = 0
    requests: list[str] = field(default_factory=list)
    _open: set[socket.socket] = field(default_factory=set)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1"

    def cut_all(self) -> None:
        """Whatever is open now."""
        with self._guard:
            connections = list(self._open)
        for connection in connections:
            _reset(connection)

    def serve(self, listener: socket.socket) -> None:
        with suppress(OSError):  # closed: that is the end
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.socket() as server, suppress(OSError):
            server.connect(("127.0.0.1", self.upstream))
            with self._guard:
                self._open |= {client, server}
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()
            while data := client.recv(CHUNK):
                line = data.partition(b"\r\n")[0].decode(errors="replace")
                if line.endswith("HTTP/1.1"):
                    self.requests.append(line)
                    if self._take("before"):
                        _reset(client)
                        return
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            threading.Event().wait(0.05)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(CHUNK):
                if data.startswith(b"HTTP/1.1") and self._take("after"):
                    _reset(client)
                    return
                client.sendall(data)
        _reset(client)

    def _take(self, name: str) -> bool:
        with self._guard:
            left = int(getattr(self, name))
            setattr(self, name, max(0, left - 1))
        return left > 0


def _reset(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        connection.close()


@contextmanager
def cutter(upstream: int) -> Iterator[Cutter]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        made = Cutter(upstream, listener.getsockname()[1])
        threading.Thread(target=made.serve, args=(listener,), daemon=True).start()
        try:
            yield made
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            made.cut_all()
