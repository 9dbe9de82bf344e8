"""The desk of a worker: what processes without an engine may ask, and nothing else.

Everything that comes in is text from outside, also with the right secret: a web process is the one
that strangers speak to. Of the engine's objects only those that a row names can be looked at.
"""

import hmac
import json
import logging
import secrets
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connections

from services.errors import (
    BadRequestError,
    EngineError,
    KyozoError,
    NotFoundError,
    TooManyError,
)
from services.lifecycle.clean import clean, remove_images_of
from services.lifecycle.engine import router, runtime
from services.lifecycle.ports import is_free
from services.models import Instance, Service, WantedState
from services.runtimes.desk import MOST_ASKED, SOCKETS, told_of
from services.teams.models import Team

log = logging.getLogger(__name__)

MOST_AT_ONCE = 32
READ_S = 10.0
Arguments = Mapping[str, Any]


def _info(_: Arguments) -> object:
    return asdict(runtime().info())


def _router(_: Arguments) -> object:
    router().ensure_running()
    return "ok"


def _image_id(asked: Arguments) -> object:
    return runtime().image_id(_text(asked, "ref"))


def _is_free(asked: Arguments) -> object:
    port = asked["port"]
    if not isinstance(port, int) or not 0 <= port < 65536:
        raise BadRequestError("port must be a port")
    return is_free(port, _text(asked, "protocol"), host_ip=_text(asked, "host_ip"))


def _clean(asked: Arguments) -> object:
    team = Team.objects.get(pk=UUID(_text(asked, "team"))) if asked["team"] else None
    return asdict(
        clean(
            team=team,
            shared=asked["shared"] is True,
            orphans=asked["orphans"] is True,
            dry_run=asked["dry_run"] is not False,
        )
    )


def _remove_images_of(asked: Arguments) -> object:
    """Only of services that are removed: the asker's word for it is not enough."""
    wanted = [UUID(str(pk)) for pk in asked["services"]]
    gone = Service.objects.filter(pk__in=wanted, wanted_state=WantedState.REMOVED)
    return remove_images_of(list(gone.values_list("pk", flat=True)))


def _logs(asked: Arguments) -> Iterator[object]:
    engine_id, tail = _text(asked, "engine_id"), asked["tail"]
    if not engine_id or not Instance.objects.filter(engine_id=engine_id).exists():
        raise NotFoundError("no instance of a service is called so")
    if tail is not None and not isinstance(tail, int):
        raise BadRequestError("tail must be a number")
    for row in runtime().logs(engine_id, tail=tail, since=_text(asked, "since")):
        yield row.at, row.stream, row.text


ANSWERS: Mapping[str, Callable[[Arguments], object]] = {
    "info": _info,
    "router": _router,
    "image_id": _image_id,
    "is_free": _is_free,
    "clean": _clean,
    "remove_images_of": _remove_images_of,
}
STREAMS: Mapping[str, Callable[[Arguments], Iterator[object]]] = {"logs": _logs}


def _text(asked: Arguments, name: str) -> str:
    value = asked[name]
    if not isinstance(value, str):
        raise BadRequestError(f"{name} must be text")
    return value


class DeskServer:
    """Answers in threads of its own from `start` to `stop`; its socket has a name of its own."""

    def __init__(self, folder: Path, *, secret: str) -> None:
        if not secret:
            raise ValueError("a desk without a secret would answer anybody")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _drop_dead(folder)
        self._path = folder / f"{secrets.token_hex(6)}.sock"
        # Found under its name only when it listens: another one that starts would hold it for dead.
        self._server = _Server(new := self._path.with_suffix(".new"), secret)
        new.rename(self._path)

    def start(self) -> None:
        self._path.chmod(0o600)
        threading.Thread(target=self._server.serve_forever, name="desk", daemon=True).start()

    def stop(self) -> None:
        """No new questions; what is being answered is answered."""
        self._path.unlink(missing_ok=True)
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: Path, secret: str) -> None:
        super().__init__(str(path), _Handler)
        self.secret = secret
        self.places = threading.BoundedSemaphore(MOST_AT_ONCE)


class _Handler(socketserver.StreamRequestHandler):
    timeout = READ_S
    server: _Server

    def handle(self) -> None:
        with suppress(OSError):  # who asked is gone
            try:
                self._answer()
            except KyozoError as exc:
                self._say({"error": told_of(exc)})
            finally:
                connections.close_all()

    def _answer(self) -> None:
        try:
            # Before there is a place: who is refused unread hears of a cut line and not why.
            call, asked = self._read()
            with self._place():
                self._carry_out(call, asked)
        except (KeyError, TypeError, ValueError, RecursionError, Team.DoesNotExist) as exc:
            raise BadRequestError("that is not how this is asked") from exc
        except DatabaseError as exc:
            log.warning("the desk: the database does not answer: %s", exc)
            raise EngineError("the database does not answer") from exc

    @contextmanager
    def _place(self) -> Iterator[None]:
        if not self.server.places.acquire(blocking=False):
            raise TooManyError("the worker that has the engine has no time just now")
        try:
            yield
        finally:
            self.server.places.release()

    def _carry_out(self, call: str, asked: Arguments) -> None:
        if call in STREAMS:
            for item in STREAMS[call](asked):
                self._say({"item": item})
            self._say({"done": None})
        elif call in ANSWERS:
            self._say({"done": ANSWERS[call](asked)})
        else:
            raise BadRequestError("there is no such call")

    def _read(self) -> tuple[str, Arguments]:
        line = self.rfile.readline(MOST_ASKED)
        told = json.loads(line)
        given = told["secret"] if isinstance(told, dict) else ""
        if not hmac.compare_digest(str(given).encode(), self.server.secret.encode()):
            log.warning("the desk was asked with a wrong secret")
            raise BadRequestError("that is not how this is asked")
        if not isinstance(told["with"], dict):
            raise BadRequestError("that is not how this is asked")
        return str(told["call"]), told["with"]

    def _say(self, told: Mapping[str, object]) -> None:
        # An error's figures may be anything; as text they still say what they said.
        self.wfile.write(f"{json.dumps(told, default=str)}\n".encode())


def _drop_dead(folder: Path) -> None:
    """Sockets of workers that were killed: nobody listens on them."""
    for path in folder.glob(SOCKETS):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(path))
            except (ConnectionRefusedError, FileNotFoundError):
                path.unlink(missing_ok=True)


def open_desk() -> DeskServer:
    """The one of this process, by its settings."""
    return DeskServer(Path(settings.KYOZO["DESK"]), secret=settings.KYOZO["DESK_SECRET"])
