"""The application that is asked while it is replaced: it says its release and counts its orders.

`release.txt` is what it answers; `tally.txt` the port of the host where it reports each order;
`peer.txt`, if there, names a service that it asks all the time, by that name.
"""

import json
import os
import signal
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RELEASE = (HERE / "release.txt").read_text(encoding="utf-8").strip()
SLOW_S = 3
PEER_PAUSE_S = 0.02
closing = threading.Event()
healthy = threading.Event()
healthy.set()
peer: dict[str, Any] = {"sent": 0, "failed": []}


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        if self.headers.get("Upgrade"):
            self._echo()
        elif self.path == "/slow":
            time.sleep(SLOW_S)
            self._answer(RELEASE)
        elif self.path == "/peer":
            self._answer(json.dumps(peer))
        elif self.path == "/health" and not healthy.is_set():
            self._answer("sick", status=503)
        else:
            self._answer(RELEASE)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/sick":
            healthy.clear()
        else:
            tally(body)
        self._answer(RELEASE)

    def log_message(self, *_: object) -> None:
        return

    def _answer(self, text: str, *, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if closing.is_set():
            self.send_header("Connection", "close")
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


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 200


def tally(order: bytes) -> None:
    port = int((HERE / "tally.txt").read_text(encoding="utf-8"))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.sendto(order, (gateway(), port))


def gateway() -> str:
    """The host, as the kernel's table of routes has it."""
    rows = Path("/proc/net/route").read_text(encoding="ascii").splitlines()[1:]
    default = next(row.split()[2] for row in rows if row.split()[1] == "00000000")
    return socket.inet_ntoa(bytes.fromhex(default)[::-1])


def ask_peer(name: str) -> None:
    """A new connection each time, so that the name is resolved each time."""
    while not closing.is_set():
        peer["sent"] += 1
        connection = HTTPConnection(name, 8000, timeout=5)
        try:
            connection.request("GET", "/")
            answer = connection.getresponse()
            if answer.status != 200:
                peer["failed"].append(f"{time.time():.3f} {answer.status}")
            answer.read()
        except (OSError, HTTPException) as exc:
            peer["failed"].append(f"{time.time():.3f} {exc!r}")
        finally:
            connection.close()
        time.sleep(PEER_PAUSE_S)


def close(server: Server) -> None:
    """Answer what is under way, then go."""
    closing.set()
    threading.Thread(target=server.shutdown).start()


if __name__ == "__main__":
    web = Server(("", int(os.environ.get("PORT", "8000"))), Pages)
    signal.signal(signal.SIGTERM, lambda *_: close(web))
    if (HERE / "peer.txt").exists():
        target = (HERE / "peer.txt").read_text(encoding="utf-8").strip()
        threading.Thread(target=ask_peer, args=(target,), daemon=True).start()
    web.serve_forever(poll_interval=0.05)
    time.sleep(0.5)
