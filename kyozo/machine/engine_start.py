"""Starts an installed Docker engine and waits until it answers."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kyozo.machine.engine import EngineAddress, ping
from kyozo.machine.errors import EngineStartError, EngineUnreachableError

Log = Callable[[str], None]

SERVICE_WAIT_S = 20
DAEMON_WAIT_S = 60
PROGRESS_EVERY_S = 5
POLL_S = 0.1
TAIL_LINES = 15


@dataclass(frozen=True, slots=True)
class Daemon:
    """Where this machine keeps dockerd, what starts it, and what a killed one leaves behind."""

    socket: Path = Path("/var/run/docker.sock")
    pid_file: Path = Path("/var/run/docker.pid")
    containerd: Path = Path("/var/run/docker/containerd")
    proc: Path = Path("/proc")
    systemd: Path = Path("/run/systemd/system")
    init_script: Path = Path("/etc/init.d/docker")
    sbin: str = "/usr/sbin:/sbin:/usr/local/sbin"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def is_running(self) -> bool:
        """Whether the pid file names a live dockerd, be it one that is still starting."""
        return self._is_alive(self.pid_file, "dockerd")

    def remove_leftovers(self, log: Log) -> None:
        """Remove what would keep a new dockerd from starting; nothing that a live process owns."""
        if self.is_running():
            return
        stale = [self.pid_file, self.socket]
        if not self._is_alive(self.containerd / "containerd.pid", "containerd"):
            stale += self.containerd.glob("*.pid")
            stale += self.containerd.glob("*.sock*")
        for path in stale:
            if path.exists():
                log(f"removing {path}, left by an engine that was killed")
                path.unlink(missing_ok=True)

    def _is_alive(self, pid_file: Path, program: str) -> bool:
        """Whether the file names a process of that name; one that waits to be reaped is dead."""
        try:
            pid = int(pid_file.read_text(encoding="ascii"))
            status = (self.proc / str(pid) / "status").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return False
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        return facts.get("Name") == program and facts.get("State", "")[:1] not in {"Z", "X"}


def is_installed(daemon: Daemon, environ: Mapping[str, str]) -> bool:
    return _program(daemon, environ) is not None


def start(daemon: Daemon, *, environ: Mapping[str, str], log_file: Path, log: Log) -> EngineAddress:
    """Start it the way this machine starts services; by hand where there is no such way."""
    if daemon.is_running():
        log("the Docker engine is starting already")
        return _wait_for_another(daemon, log)
    for command in _service_commands(daemon):
        log(f"starting the Docker engine: {' '.join(command)}")
        if _succeeds(command, _with_sbin(daemon, environ)):
            try:
                return _wait(daemon, SERVICE_WAIT_S, log)
            except EngineUnreachableError:
                log("it does not answer; trying another way")
    daemon.remove_leftovers(log)
    return _start_by_hand(daemon, environ, log_file, log)


def _wait_for_another(daemon: Daemon, log: Log) -> EngineAddress:
    try:
        return _wait(daemon, DAEMON_WAIT_S, log)
    except EngineUnreachableError as exc:
        raise EngineStartError(
            f"dockerd is running but does not answer at {daemon.url}",
            fix=f"End it (its process is named in {daemon.pid_file}) and run the command again.",
        ) from exc


def _service_commands(daemon: Daemon) -> list[list[str]]:
    commands = []
    if daemon.systemd.is_dir() and shutil.which("systemctl"):
        commands.append(["systemctl", "start", "docker"])
    if daemon.init_script.exists() and shutil.which("service", path=daemon.sbin):
        commands.append(["service", "docker", "start"])
    return commands


def _succeeds(command: list[str], environ: Mapping[str, str]) -> bool:
    try:
        answer = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=SERVICE_WAIT_S * 3,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _start_by_hand(
    daemon: Daemon, environ: Mapping[str, str], log_file: Path, log: Log
) -> EngineAddress:
    """dockerd in a session of its own, so that it outlives this command and its terminal."""
    program = _program(daemon, environ)
    if program is None:
        raise EngineStartError("dockerd is not installed", fix="apt-get install docker.io")
    log(f"starting {program} (log: {log_file})")
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as output:
        process = subprocess.Popen(
            [program],
            env=_with_sbin(daemon, environ),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        return _wait(daemon, DAEMON_WAIT_S, log, is_dead=lambda: process.poll() is not None)
    except EngineUnreachableError as exc:
        raise EngineStartError(
            f"the Docker engine did not start; its last words:\n{_tail(log_file)}",
            fix=f"Correct what it says and run the same command again. Its log: {log_file}",
        ) from exc


def _wait(
    daemon: Daemon, limit_s: float, log: Log, *, is_dead: Callable[[], bool] = lambda: False
) -> EngineAddress:
    started = time.monotonic()
    told = started
    while True:
        try:
            return ping(daemon.url, "the engine just started")
        except EngineUnreachableError:
            now = time.monotonic()
            if is_dead() or now - started > limit_s:
                raise
        if now - told > PROGRESS_EVERY_S:
            told = now
            log(f"waiting for the Docker engine ({now - started:.0f} s)")
        time.sleep(POLL_S)


def _program(daemon: Daemon, environ: Mapping[str, str]) -> str | None:
    return shutil.which("dockerd", path=_with_sbin(daemon, environ)["PATH"])


def _with_sbin(daemon: Daemon, environ: Mapping[str, str]) -> dict[str, str]:
    """dockerd needs iptables, which only root's PATH finds; DOCKER_HOST is not meant for it."""
    kept = {name: value for name, value in environ.items() if not name.startswith("DOCKER_")}
    return {**kept, "PATH": f"{daemon.sbin}:{environ.get('PATH', os.defpath)}"}


def _tail(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-TAIL_LINES:])
