"""Something between a client and the server that cuts connections, for real: with a reset."""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

REFUSE = "refuse"  # the request never arrives
LOSE = "lose"  # it arrives and is carried out, but its answer is lost
PASS = "pass"
# A number passes so many bytes of the answer on; bytes are an answer of somebody else's.
Fate = str | int | bytes

RESET = struct.pack("ii", 1, 0)
LOOK_S = 0.05
PIECE = 65536


def answer(status: str, *headers: str) -> bytes:
    """What a proxy says for a server that is not there."""
    lines = (f"HTTP/1.1 {status}", "Content-Length: 2", "Connection: close", *headers, "", "no")
    return "\r\n".join(lines).encode()


class CuttingProxy:
    """Each connection has the next fate of the list; those after the last one pass."""

    def __init__(self, upstream: int, *fates: Fate) -> None:
        self.fates = list(fates)
        self.connections = 0
        self._upstream = upstream
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LOOK_S)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Everything that is open now."""
        with self._lock:
            for connection in self._open:
                _reset(connection)
            self._open.clear()

    def end(self) -> None:
        self._over.set()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                client, _ = self._listener.accept()
                fate = self.fates.pop(0) if self.fates else PASS
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(client, fate), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket, fate: Fate) -> None:
        with contextlib.suppress(OSError), self._kept(client):
            if fate == REFUSE or isinstance(fate, bytes):
                client.recv(PIECE)
                if isinstance(fate, bytes):
                    client.sendall(fate)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(PIECE)
                return
            with socket.create_connection(("127.0.0.1", self._upstream)) as server:
                self._pump(client, server, fate)

    def _pump(self, client: socket.socket, server: socket.socket, fate: Fate) -> None:
        up = threading.Thread(target=_copy, args=(client, server), daemon=True)
        up.start()
        left = {LOSE: 0, PASS: None}.get(fate) if isinstance(fate, str) else int(fate)
        while piece := server.recv(PIECE):
            if left is not None:
                piece, left = piece[:left], left - len(piece)
            client.sendall(piece)
            if left is not None and left <= 0:
                return

    @contextmanager
    def _kept(self, client: socket.socket) -> Iterator[None]:
        with self._lock:
            self._open.add(client)
        try:
            yield
        finally:
            with self._lock:
                if client in self._open:
                    self._open.remove(client)
                    _reset(client)


def _copy(origin: socket.socket, to: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := origin.recv(PIECE):
            to.sendall(piece)
    with contextlib.suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """Closed with what was sent thrown away, as by a machine that is gone."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        # A thread that reads from it would keep it open.
        connection.shutdown(socket.SHUT_RD)
    connection.close()
