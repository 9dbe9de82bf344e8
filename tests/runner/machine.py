"""What the tests need of this machine: installed if missing, started, ended at the end."""

import os
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from services.builds.base_images.recipes import local_ref
from services.builds.base_images.tools import TOOLS
from services.builds.base_images.workshop import Workshop, ensure
from services.builds.client import DockerCli, find_client
from services.builds.debian_packages import install
from services.errors import KyozoError
from tests.runner import engine, servers
from tests.runner.run import Run
from tests.runner.stages import Need

# What the examples and the end-to-end tests are built on; other images are made when asked for.
IMAGES = ("python", "node", "static", "postgres", "go", "rust", "java", "maven", "ruby", "php")
ORDER: tuple[Need, ...] = ("engine", "images", "servers", "browser")
STOPPED = "the run was stopped before"
POLICY = Path("/usr/sbin/policy-rc.d")


@dataclass(slots=True)
class Machine:
    """Prepares one thing after the other in a thread of its own, so that linters run meanwhile."""

    run: Run
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _asked: dict[Need, Future[dict[str, str]]] = field(default_factory=dict)
    _dockerd: engine.Started | None = None
    _is_over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self._pool.shutdown()
        if self._dockerd:
            self._dockerd.stop(self.run)

    def stop(self) -> None:
        """Begin nothing more; who waits for something that was not begun gets an OSError."""
        with self._lock:
            self._is_over.set()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def prepare(self, *needs: Need) -> None:
        """Begin; `provide` waits. Each need is met once, whoever asks for it."""
        makers: dict[Need, Callable[[], dict[str, str]]] = {
            "engine": self._engine,
            "images": self._images,
            "servers": self._servers,
            "browser": self._browser,
        }
        wanted = {*needs, *(("engine",) if "images" in needs else ())}
        with self._lock:
            for need in ORDER:
                if need in wanted and need not in self._asked and not self._is_over.is_set():
                    self._asked[need] = self._pool.submit(makers[need])

    def provide(self, needs: Iterable[Need]) -> dict[str, str]:
        """Wait for them; the environment that leads to them. OSError when one cannot be had."""
        wanted = tuple(needs)
        self.prepare(*wanted)
        found: dict[str, str] = {}
        for need in wanted:
            if need not in self._asked:
                raise OSError(f"{need}: {STOPPED}")
            try:
                found |= self._asked[need].result()
            except KyozoError as exc:
                raise OSError(f"{need}: {exc.message}\n{exc.fix}") from exc
            except CancelledError as exc:
                raise OSError(f"{need}: {STOPPED}") from exc
        return found

    def _engine(self) -> dict[str, str]:
        self._dockerd = engine.provide(self.run)
        return {}

    def _images(self) -> dict[str, str]:
        environ = self.run.environment
        docker = DockerCli(find_client(environ), environ.get("DOCKER_HOST", ""), environ)
        shop = Workshop(docker, self.run.folder / "home", environ)
        _packages("docker-compose", present=bool(shutil.which("docker-compose")))
        wanted = [local_ref(name, TOOLS[name].offers[0].version) for name in IMAGES]
        ensure(wanted, shop=shop, log=lambda _: None, cancelled=self._is_over.is_set)
        return {}

    def _servers(self) -> dict[str, str]:
        _packages("postgresql", present=any(Path("/usr/lib/postgresql").glob("*/bin/postgres")))
        _packages("redis-server", present=bool(shutil.which("redis-server")))
        _packages("openssh-server", present=Path("/usr/sbin/sshd").exists())
        return servers.start(self.run)

    def _browser(self) -> dict[str, str]:
        _packages("chromium", present=bool(shutil.which("chromium")))
        return {}


def _packages(*names: str, present: bool) -> None:
    """Install what is not here. What is installed for tests must not start a server of its own.

    apt-get runs without the mark of the run: ended half-way it leaves a machine to be repaired.
    """
    if present:
        return
    holds = not POLICY.exists()
    if holds:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
    try:
        install(names, environ=os.environ, log=lambda _: None)
    finally:
        if holds:
            POLICY.unlink()
