"""A stand-in for a Docker engine: answers /version on a unix socket, also as a program."""

import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import UnixStreamServer

VERSION = b'{"Version": "20.10.24", "ApiVersion": "1.41"}'
ROOT = Path(__file__).resolve().parent.parent.parent
DOCKERD = f"""#!{sys.executable}
import os, sys
from pathlib import Path
sys.path.insert(0, {str(ROOT)!r})
from tests.machine.stand_in import server_at
Path(os.environ["FAKE_PID"]).write_text(str(os.getpid()))
server_at(Path(os.environ["FAKE_SOCKET"])).serve_forever()
"""


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(VERSION)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def server_at(path: Path) -> UnixStreamServer:
    return UnixStreamServer(str(path), _Answer)
