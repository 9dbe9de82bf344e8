"""Makes sure that there is a Docker engine: found, else started, else installed by apt as root."""

import fcntl
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kyozo.machine.engine import EngineAddress, find_engine
from kyozo.machine.engine_start import Daemon, is_installed, start
from kyozo.machine.errors import EngineMissingError
from services.builds.debian_packages import (
    InstallForbiddenError,
    InstallImpossibleError,
    command_for,
    install,
    is_forbidden,
)

Log = Callable[[str], None]

PACKAGES = ("docker.io", "iptables")
MARKER = "engine-installed-by-kyozo"


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """`environ` is the caller's environment; KYOZO_NO_INSTALL in it forbids installing."""

    state_dir: Path
    environ: Mapping[str, str]
    log: Log
    daemon: Daemon = field(default_factory=Daemon)
    is_root: bool = field(default_factory=lambda: os.geteuid() == 0)

    def ensure(self) -> EngineAddress:
        """The engine to use. Two commands at once install and start it once."""
        if engine := self._find():
            return engine
        self.state_dir.mkdir(parents=True, exist_ok=True)
        with (self.state_dir / "engine.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return self._find() or self._provide()

    def _find(self) -> EngineAddress | None:
        return find_engine(self.environ, default_socket=self.daemon.socket)

    def _provide(self) -> EngineAddress:
        if not is_installed(self.daemon, self.environ):
            self._install()
        elif not self.is_root:
            raise EngineMissingError(
                "the Docker engine is installed but not running, and only root can start it",
                fix="Run: sudo systemctl start docker   (or: sudo service docker start)",
            )
        log_file = self.state_dir / "engine.log"
        began = time.monotonic()
        engine = start(self.daemon, environ=self.environ, log_file=log_file, log=self.log)
        self.log(f"Docker engine {engine.version} is up ({time.monotonic() - began:.1f} s)")
        return engine

    def _install(self) -> None:
        """Only as root: an engine started by sudo would not answer this user anyway."""
        by_hand = f"{command_for(PACKAGES)}; then run the same command as root"
        if not self.is_root:
            raise EngineMissingError(
                "there is no Docker engine here, and only root can install one", fix=by_hand
            )
        if not is_forbidden(self.environ):
            self.log(f"no Docker engine here: installing {' and '.join(PACKAGES)} (about 15 s)")
        try:
            install(PACKAGES, environ=self.environ, log=_quietly(self.log))
        except (InstallForbiddenError, InstallImpossibleError) as exc:
            raise EngineMissingError(
                f"there is no Docker engine here: {exc.message}",
                fix=exc.fix or by_hand,
                code=exc.error_code,
            ) from exc
        self._marker.write_text("Kyozo installed this engine and may trim its build cache.\n")

    @property
    def _marker(self) -> Path:
        return self.state_dir / MARKER


def is_ours(engine_url: str, *, state_dir: Path) -> bool:
    """Whether Kyozo installed it: only there may the shared build cache be trimmed."""
    return engine_url == Daemon().url and (state_dir / MARKER).exists()


def _quietly(log: Log) -> Log:
    """Of apt's many lines only those that tell progress to a person."""

    def line(text: str) -> None:
        if text.startswith(("installing ", "Setting up ", "Get:", "E: ")):
            log(text)

    return line
