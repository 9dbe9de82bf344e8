"""Runs the build client in a process group of its own and ends exactly that, whatever happens.

Ending the client ends the engine's work. When we are killed ourselves the kernel ends the client
(where `setpriv` is there to ask for it); `end_leftovers` at the next start finds what is left.
"""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

from services.errors import BuildError, CancelledError

POLL_S = 0.2
GRACE_S = 1.0
CHUNK = 64 * 1024
RECORD = "client.json"
FOLDER = re.compile(r"build-(\d+)-(\d+)-.*")


@dataclass(frozen=True, slots=True)
class Limit:
    """When to stop: told to, or too late."""

    cancelled: Callable[[], bool]
    timeout_s: float

    def check(self, started: float) -> None:
        if self.cancelled():
            raise CancelledError("the build was cancelled")
        if time.monotonic() - started > self.timeout_s:
            minutes = self.timeout_s / 60
            message = f"the build took longer than {minutes:g} minutes and was ended"
            raise BuildError(
                message,
                code="build.timeout",
                fix="Find the step that hangs in the build log, or raise the build time limit.",
            )


def follow(
    command: Sequence[str],
    *,
    environ: Mapping[str, str],
    folder: Path,
    feed: Callable[[bytes], None],
    limit: Limit,
) -> int:
    """Run to the end and hand on the output; `folder` is a `private_folder` and has the record."""
    # The kernel signals when the *thread* that started the client ends: it must be this one,
    # which waits here.
    client = subprocess.Popen(
        [*_dies_with_us(), *command],
        env=dict(environ),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        process_group=0,
    )
    try:
        _write_record(folder, client.pid)
        return _read(client, feed=feed, limit=limit)
    finally:
        _end(client)


def _read(client: subprocess.Popen[bytes], *, feed: Callable[[bytes], None], limit: Limit) -> int:
    assert client.stdout is not None  # noqa: S101 - PIPE was asked for
    output = client.stdout.fileno()
    started = checked = time.monotonic()
    limit.check(started)
    while True:
        # Asked first: of a client that has ended by now, all it printed is there to be read.
        is_over = client.poll() is not None
        is_ready = bool(select.select([output], [], [], 0 if is_over else POLL_S)[0])
        chunk = os.read(output, CHUNK) if is_ready else b""
        if chunk:
            feed(chunk)
        elif is_ready or is_over:
            # The end of the output, or a grandchild that holds the pipe open behind a dead client.
            return client.wait(timeout=GRACE_S)
        if time.monotonic() - checked > POLL_S:
            checked = time.monotonic()
            limit.check(started)


def _end(client: subprocess.Popen[bytes]) -> None:
    """TERM to a client that still runs, then KILL to what is left of its group."""
    if client.poll() is None:
        os.killpg(client.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            client.wait(timeout=GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(client.pid, signal.SIGKILL)
    client.wait(timeout=GRACE_S)
    if client.stdout:
        client.stdout.close()


@lru_cache(maxsize=1)
def _dies_with_us() -> tuple[str, ...]:
    """A prefix that asks the kernel to kill the client with us; not every `setpriv` can."""
    program = shutil.which("setpriv")
    if program is None:
        return ()
    prefix = (program, "--pdeathsig", "KILL", "--")
    tried = subprocess.run([*prefix, "true"], capture_output=True, check=False)
    return prefix if tried.returncode == 0 else ()


@contextmanager
def private_folder(work_dir: Path) -> Iterator[Path]:
    """A folder only we can read, gone afterwards; its name says which process made it."""
    work_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(mkdtemp(prefix=f"build-{os.getpid()}-{start_time(os.getpid())}-", dir=work_dir))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def end_leftovers(work_dir: Path) -> int:
    """End clients and remove folders (secrets are in them) of platform processes that are gone."""
    ended = 0
    for folder in work_dir.glob("build-*"):
        owner = FOLDER.fullmatch(folder.name)
        if owner is None or start_time(int(owner[1])) == int(owner[2]):
            continue
        ended += _end_recorded(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return ended


def _write_record(folder: Path, pid: int) -> None:
    record = {"pid": pid, "started": start_time(pid)}
    (folder / RECORD).write_text(json.dumps(record), encoding="utf-8")


def _end_recorded(folder: Path) -> int:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        pid, started = int(record["pid"]), int(record["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    if not started or start_time(pid) != started:
        return 0
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
        return 1
    return 0


def start_time(pid: int) -> int:
    """When a process started, in the kernel's ticks; 0 when there is none. With the id, unique."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    # The program's name is in parentheses and may hold anything, spaces and parentheses too.
    return int(status.rpartition(")")[2].split()[19])
