"""Little servers on 127.0.0.1 that answer, lie, drip or hang up."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Behaviour = Callable[[socket.socket], None]


class App:
    """Accepts connections in a thread, gives each to `behave`, keeps what was asked."""

    def __init__(self, behave: Behaviour) -> None:
        self.requests: list[bytes] = []
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self.requests.append(connection.recv(65536))
                    self._behave(connection)
                except OSError:
                    continue


@contextmanager
def app(behave: Behaviour) -> Iterator[App]:
    running = App(behave)
    try:
        yield running
    finally:
        running.close()


def answering(text: bytes) -> Behaviour:
    return lambda connection: connection.sendall(text)


def dripping(pause_s: float) -> Behaviour:
    """A byte now and then: each read is quick, the whole never ends."""

    def behave(connection: socket.socket) -> None:
        for _ in range(200):
            connection.sendall(b"H")
            threading.Event().wait(pause_s)

    return behave


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
