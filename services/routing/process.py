"""A process that outlives us: started in its own session, known by pid *and* start time."""

import os
import select
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
BOOT_ID = PROC / "sys/kernel/random/boot_id"
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND
KILL_WAIT_S = 5.0
# Python ignores SIGPIPE, and an ignored signal stays ignored in what it starts.
RESET_SIGNALS = (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class ProcessId:
    """`started` is boot and clock ticks: a pid given to somebody else never compares equal."""

    pid: int
    started: str


def spawn(argv: Sequence[str], *, log: Path) -> ProcessId:
    """Not `subprocess`: nobody here waits for it, and it gets none of our environment (secrets)."""
    pid = os.posix_spawn(
        argv[0],
        list(argv),
        {"HOME": str(log.parent), "PATH": "/usr/bin:/bin"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), LOG_FLAGS, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=RESET_SIGNALS,
    )
    return ProcessId(pid, _stat(pid)[1])  # a zombie too: it cannot be gone before we ask for it


def identify(pid: int) -> ProcessId | None:
    """None when there is no such process, or only its unburied remains."""
    state, started = _stat(pid)
    return ProcessId(pid, started) if state not in "ZX" else None


def is_alive(process: ProcessId) -> bool:
    state, started = _stat(process.pid)
    if started != process.started:
        return False
    if state == "Z":
        _reap(process.pid)
    return state not in "ZX"


def end(process: ProcessId, *, grace_s: float) -> None:
    """Ask, wait, insist; returns when its ports are free, which is later than its death: threads
    end one by one. The pidfd makes sure that the signal reaches the process we looked at.
    """
    try:
        fd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        is_ours = _stat(process.pid)[1] == process.started
        if is_ours and not _signal_and_wait(fd, signal.SIGTERM, grace_s):
            _signal_and_wait(fd, signal.SIGKILL, KILL_WAIT_S)
    finally:
        os.close(fd)
    is_alive(process)  # buries it if it was our child


def find(prefix: str) -> list[ProcessId]:
    """Processes of this user with an argument that starts so, recorded or not."""
    found = []
    for entry in PROC.iterdir():
        if entry.name.isdecimal() and any(a.startswith(prefix) for a in _arguments(entry)):
            process = identify(int(entry.name))
            if process:
                found.append(process)
    return found


def _arguments(entry: Path) -> list[str]:
    try:
        if entry.stat().st_uid != os.getuid():
            return []
        return (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return []


def _signal_and_wait(fd: int, number: signal.Signals, timeout_s: float) -> bool:
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def _stat(pid: int) -> tuple[str, str]:
    """State letter and start; X when there is no such process."""
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", ""
    fields = stat.rpartition(")")[2].split()  # the command before it may contain anything
    return fields[0], f"{BOOT_ID.read_text().strip()}:{fields[19]}"


def _reap(pid: int) -> None:
    """Our own ended child stays a zombie until it is asked for; another's is not ours to ask."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
