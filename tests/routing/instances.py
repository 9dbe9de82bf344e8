"""Small HTTP servers that stand for instances, and clients that ask the router for them."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from services.routing.table import Backend, Route, RouteTable

HOST = "shop.localhost"


class Handler(BaseHTTPRequestHandler):
    """Answers with its own address; the path chooses how: /slow, /bug (500) or /cut (no answer)."""

    protocol_version = "HTTP/1.1"
    server: "Instance"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked[f"{self.command} {self.path}"] += 1
        if self.headers.get("Upgrade") == "websocket":
            self._echo()
        elif self.path == "/cut":
            self.close_connection = True
        else:
            self._answer()

    do_POST = do_GET  # noqa: N815 - the base class names it so

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def _answer(self) -> None:
        if self.path == "/slow":
            time.sleep(3)
        body = self.server.address.encode()
        self.send_response(500 if self.path == "/bug" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _echo(self) -> None:
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.end_headers()
        while data := self.connection.recv(100):
            self.connection.sendall(data)
        self.close_connection = True


class Instance(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: Counter[str] = Counter()
        super().__init__((address, 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def backend(self) -> Backend:
        return Backend(f"i-{self.address.replace('.', '-')}", self.address, self.server_port)

    def kill(self) -> None:
        self.shutdown()
        self.server_close()


def table(*instances: Instance, hosts: tuple[str, ...] = (HOST,), port: int = 0) -> RouteTable:
    backends = tuple(instance.backend for instance in instances)
    return RouteTable((Route("shop", "shop", hosts, (port,) if port else (), backends),))


def ask(port: int, path: str = "/", *, host: str = HOST, method: str = "GET") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        return ask_on(connection, path, host=host, method=method)
    finally:
        connection.close()


def ask_on(
    connection: HTTPConnection, path: str = "/", *, host: str = HOST, method: str = "GET"
) -> tuple[int, str]:
    body = b"order" if method == "POST" else None
    connection.request(method, path, body=body, headers={"Host": host})
    response = connection.getresponse()
    return response.status, response.read().decode().strip()


@dataclass
class Load:
    """What a steady load has met so far."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@contextmanager
def steady_load(port: int) -> Iterator[Load]:
    """One kept-alive client and one with a new connection for each request, until the end."""
    load, ended = Load(), threading.Event()
    threads = [
        threading.Thread(target=_ask_until, args=(ended, load, port, is_kept))
        for is_kept in (True, False)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _ask_until(ended: threading.Event, load: Load, port: int, is_kept: bool) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    while not ended.is_set():
        try:
            status, body = ask_on(connection)
        except (OSError, HTTPException) as exc:
            load.failures.append(repr(exc))
            connection.close()
            continue
        load.answers[body] += 1
        if status != 200:
            load.failures.append(f"{status} {body}")
        if not is_kept:
            connection.close()
    connection.close()
