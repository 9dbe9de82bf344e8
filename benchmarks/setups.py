"""The web servers that `benchmarks.servers` compares, as a table of command lines."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kyozo.platform.web import THREADS
from tests.repository import ROOT

OURS = "kyozo.asgi:application"
DJANGO_ASGI = "benchmarks.django_asgi:application"
REST = "kyozo.wsgi:application"
UVICORN = (
    *("uvicorn", "--host", "127.0.0.1", "--port", "PORT", "--ws", "websockets-sansio"),
    *("--ws-per-message-deflate", "false", "--lifespan", "off"),
    *("--no-access-log", "--log-level", "warning"),
)
PURE = ("--http", "h11", "--loop", "asyncio")
GRANIAN = (
    *("granian", "--host", "127.0.0.1", "--port", "PORT", "--workers", "1"),
    *("--http", "1", "--log-level", "warning", "--interface"),
)
GRANIAN_WSGI = (*GRANIAN, "wsgi", "--blocking-threads", str(THREADS), "--no-ws", REST)
GUNICORN = (
    *("gunicorn", "--bind", "127.0.0.1:PORT", "--workers", "1", "--worker-class", "gthread"),
    *("--threads", str(THREADS), "--log-level", "warning", REST),
)
DAPHNE = ("daphne", "--bind", "127.0.0.1", "--port", "PORT", "--verbosity", "0", OURS)
LIVE = (*UVICORN, *PURE, OURS)


@dataclass(frozen=True, slots=True)
class Setup:
    """`rest` and `live` are modules with arguments, PORT among them; without `live` the first
    serves the sockets as well. `needs`: what must be importable."""

    name: str
    needs: tuple[str, ...]
    rest: tuple[str, ...]
    live: tuple[str, ...] = ()

    @property
    def is_split(self) -> bool:
        return bool(self.live)

    def commands(self, python: Path, *, rest: int, live: int) -> Iterator[tuple[str, ...]]:
        for arguments, port in ((self.rest, rest), (self.live, live)):
            if arguments:
                filled = (part.replace("PORT", str(port)) for part in arguments)
                yield (str(python), "-m", *filled)


# The first one is what the platform does.
SETUPS = (
    Setup("uvicorn", ("uvicorn",), LIVE),
    Setup("uvicorn httptools uvloop", ("uvicorn", "httptools", "uvloop"), (*UVICORN, OURS)),
    Setup("uvicorn, Django ASGI", ("uvicorn",), (*UVICORN, *PURE, DJANGO_ASGI)),
    Setup("granian", ("granian",), (*GRANIAN, "asgi", OURS)),
    Setup("daphne", ("daphne",), DAPHNE),
    Setup("granian WSGI + uvicorn", ("granian", "uvicorn"), GRANIAN_WSGI, LIVE),
    Setup("gunicorn + uvicorn", ("gunicorn", "uvicorn"), GUNICORN, LIVE),
)


def missing(python: Path, setup: Setup) -> list[str]:
    """What that Python cannot import."""
    return [name for name in setup.needs if not _imports(python, name)]


def _imports(python: Path, name: str) -> bool:
    command = [str(python), "-c", f"import {name}"]
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.DEVNULL, check=False)
    return done.returncode == 0
