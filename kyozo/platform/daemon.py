"""The platform in the background: started, waited for, found out of date, stopped."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kyozo.platform import version
from kyozo.platform.lock import EXIT_ALREADY_RUNNING
from kyozo.platform.record import READY, Record, living
from kyozo.platform.state import StateDir

START_S = 60
POLL_S = 0.05
STOP_S = 10
SHOWN_LINES = 15

Progress = Callable[[str], None]
_local = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PlatformStartError(Exception):
    """It did not come up; `log_tail` is the end of what it said."""

    def __init__(self, message: str, log_tail: list[str]) -> None:
        super().__init__(message)
        self.log_tail = log_tail


@dataclass(frozen=True, slots=True)
class Readiness:
    """`problems` maps each part that is not ready to the reason."""

    answers: bool
    problems: dict[str, str]

    @property
    def is_ready(self) -> bool:
        return self.answers and not self.problems


def is_outdated(record: Record) -> bool:
    """Whether the running process is of other source code than this command."""
    return record.digest != version.digest()


def readiness(record: Record, *, timeout_s: float = 2) -> Readiness:
    try:
        with _local.open(f"{record.url}/api/v1/health/ready", timeout=timeout_s) as answer:
            answer.read()
    except urllib.error.HTTPError as exc:
        with exc:
            return Readiness(answers=True, problems=_problems(exc.read()))
    except (OSError, ValueError):
        return Readiness(answers=False, problems={})
    return Readiness(answers=True, problems={})


@dataclass(frozen=True, slots=True)
class Wanted:
    """How to start it: empty means as usual. `environment` is added to the caller's."""

    host: str = ""
    port: int | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def arguments(self) -> list[str]:
        host = ["--host", self.host] if self.host else []
        return host + (["--port", str(self.port)] if self.port is not None else [])


def start(
    state: StateDir, *, wanted: Wanted | None = None, progress: Progress = lambda _: None
) -> Record:
    """The running platform; started in the background and waited for when there is none."""
    wanted = wanted or Wanted()
    if record := living(state):
        return _wait(state, None, progress) if record.phase != READY else record
    state.create()
    return _wait(state, _spawn(state, wanted), progress)


def _spawn(state: StateDir, wanted: Wanted) -> int:
    """Not by subprocess, which wants to see the end of what it began; this is to outlive us."""
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    environment = {"KYOZO_HOME": str(state.root), "PYTHONPATH": str(version.ROOT)}
    return os.posix_spawn(
        sys.executable,
        [sys.executable, "-P", "-m", "kyozo.platform", "--log-file", *wanted.arguments],
        {**os.environ, **wanted.environment, **environment},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(state.log), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )


def stop(state: StateDir) -> Record | None:
    """The platform that ran and does no more; services and router are left running."""
    record = living(state)
    if record:
        record.process.end(within_s=STOP_S)
    return record


def restart(
    state: StateDir,
    record: Record,
    *,
    environment: Mapping[str, str] | None = None,
    progress: Progress = lambda _: None,
) -> Record:
    """The same address, this command's code."""
    stop(state)
    wanted = Wanted(host=record.host, port=record.port, environment=environment or {})
    return start(state, wanted=wanted, progress=progress)


def log_tail(state: StateDir, count: int = SHOWN_LINES) -> list[str]:
    try:
        with state.log.open(encoding="utf-8", errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, count)]
    except OSError:
        return []


def _wait(state: StateDir, child: int | None, progress: Progress) -> Record:
    """`child` is the process we began, None when somebody else's start is waited for."""
    deadline = time.monotonic() + START_S
    phase = ""
    while time.monotonic() < deadline:
        record = living(state)
        if record and record.phase != phase:
            phase = record.phase
            progress(phase)
        if record and record.phase == READY and readiness(record).answers:
            return record
        if child is not None:
            child = _still_ours(child, state)
        elif record is None:
            raise PlatformStartError("the platform ended while it started", log_tail(state))
        time.sleep(POLL_S)
    raise PlatformStartError("the platform gives no answer", log_tail(state))


def _still_ours(child: int, state: StateDir) -> int | None:
    """None once another start was faster: its platform is as good as ours."""
    ended, status = os.waitpid(child, os.WNOHANG)
    if not ended:
        return child
    if os.waitstatus_to_exitcode(status) != EXIT_ALREADY_RUNNING:
        raise PlatformStartError("the platform ended while it started", log_tail(state))
    return None


def _problems(body: bytes) -> dict[str, str]:
    """{"data": {part: "ok" | reason}} in any of the shapes a health answer has; never raises."""
    try:
        parts = json.loads(body)
    except ValueError:
        return {"platform": "it gave no readable answer"}
    parts = parts.get("data", parts) if isinstance(parts, dict) else {}
    found = {
        str(name): str(state)
        for name, state in (parts.items() if isinstance(parts, dict) else ())
        if state not in {"ok", True} and name != "status"
    }
    return found or {"platform": "it is not ready"}
