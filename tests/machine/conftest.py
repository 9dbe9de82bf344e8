"""A machine in a folder: its sockets, its programs, and an engine that answers."""

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kyozo.machine.engine_start import Daemon
from tests.machine.stand_in import server_at


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="kz-") as folder:
        yield Path(folder)


@pytest.fixture
def engine_at() -> Iterator[Callable[[Path], str]]:
    """Call it with a path: an engine answers there, and its address is returned."""
    with ExitStack() as stack:

        def start(path: Path) -> str:
            server = stack.enter_context(server_at(path))
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            stack.callback(server.shutdown)
            return f"unix://{path}"

        yield start


@pytest.fixture
def daemon(short: Path) -> Daemon:
    """A machine in a folder: nothing is installed and nothing runs."""
    run = short / "run"
    run.mkdir()
    return Daemon(
        socket=run / "docker.sock",
        pid_file=run / "docker.pid",
        containerd=run / "containerd",
        systemd=short / "no-systemd",
        init_script=short / "no-init",
        sbin=str(short / "sbin"),
    )


@pytest.fixture
def program_named(short: Path) -> Callable[[str, str], Path]:
    """Put a program into that machine's sbin."""

    def write(name: str, text: str) -> Path:
        path = short / "sbin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    return write
