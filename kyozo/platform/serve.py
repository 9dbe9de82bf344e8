"""The platform process from its lock to its end; it may be killed at any time."""

import logging
import os
import signal
import socket
import sys
from types import FrameType
from typing import NoReturn

from kyozo import env
from kyozo.platform import version
from kyozo.platform.listener import ListenError, listen
from kyozo.platform.lock import EXIT_ALREADY_RUNNING, AlreadyRunningError, PlatformLock
from kyozo.platform.processes import ProcessId
from kyozo.platform.record import Record, living
from kyozo.platform.state import StateDir

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 7070
EXIT_FAILED = 1

log = logging.getLogger(__name__)


def run(host: str = DEFAULT_HOST, port: int | None = None, *, log_file: bool = False) -> int:
    """Serve until TERM or INT, then end the process; returns only when it could not begin.

    Without a port: KYOZO_PORT, else 7070 or the next free one.
    """
    state = StateDir.here()
    state.create()
    lock = PlatformLock(state)
    try:
        lock.take()
        listener = _listener(host, port)
    except AlreadyRunningError as exc:
        return _say_who(state, exc)
    except (ListenError, env.SettingError) as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - the log is not set up yet
        return EXIT_FAILED
    record = _record(host, listener)
    record.write(state)
    _set_environment(state, host=host, port=record.port)
    return _serve_and_leave(state, record, listener, log_file=log_file)


def _serve_and_leave(
    state: StateDir, record: Record, listener: socket.socket, *, log_file: bool
) -> NoReturn:
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    status = EXIT_FAILED
    try:
        _serve(state, record, listener, log_file=log_file)
        status = 0
    except SystemExit as exc:
        status = int(exc.code or 0)
    except env.SettingError as exc:
        print(exc, file=sys.stderr)  # noqa: T201 - the settings have the log's settings too
    except Exception:
        log.exception("the platform ends by an error")
    finally:
        state.record.unlink(missing_ok=True)
        # Tasks that still run would hold up a usual exit; what they did goes on at the next start.
        logging.shutdown()
        os._exit(status)


def _serve(state: StateDir, record: Record, listener: socket.socket, *, log_file: bool) -> None:
    # All of Django reads its settings at import, and they need the environment made before.
    import django  # noqa: PLC0415

    django.setup()
    from kyozo.platform.running import RunningPlatform  # noqa: PLC0415

    platform = RunningPlatform(state, record, log_file=log_file)
    try:
        platform.serve(listener)
    finally:
        platform.stop()


def _listener(host: str, port: int | None) -> socket.socket:
    exact = port is not None or bool(env.text("KYOZO_PORT"))
    wanted = port if port is not None else env.integer("KYOZO_PORT", DEFAULT_PORT)
    return listen(host, wanted, exact=exact)


def _say_who(state: StateDir, exc: AlreadyRunningError) -> int:
    record = living(state)
    where = f" at {record.url}" if record else ""
    print(f"{exc}{where}; `kyozo down` stops it", file=sys.stderr)  # noqa: T201
    return EXIT_ALREADY_RUNNING


def _record(host: str, listener: socket.socket) -> Record:
    own = ProcessId.own()
    return Record(
        pid=own.pid,
        started=own.started,
        host=host,
        port=int(listener.getsockname()[1]),
        version=version.version(),
        digest=version.digest(),
    )


def _set_environment(state: StateDir, *, host: str, port: int) -> None:
    # What a person's umask hides would be hidden in the images built from it, too.
    os.umask(0o022)
    os.environ["KYOZO_HOME"] = str(state.root)
    os.environ["KYOZO_PORT"] = str(port)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kyozo.settings")
    os.environ.setdefault("KYOZO_SECRET_KEY_FILE", str(state.ensure_secret_key()))
    # On one's own machine every folder is one's own; a server for others names the roots.
    os.environ.setdefault("KYOZO_FOLDER_ROOTS", "/")
    os.environ.setdefault("KYOZO_ALLOWED_HOSTS", ",".join(_names(host)))


def _names(host: str) -> list[str]:
    """What this server may be called; a name not listed is refused (DNS rebinding)."""
    names = ["127.0.0.1", "localhost", "[::1]", ".localhost", host]
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        own = socket.gethostname()
        names += [own, socket.getfqdn(), *socket.gethostbyname_ex(own)[2]]
    return sorted(set(names))


def _end(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
