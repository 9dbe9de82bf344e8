"""A Docker engine of the tests' own, to be filled up, stopped and killed: nobody else feels it.

It has a network namespace, which the tests enter as well, a disk of limited size in memory and a
control group. A run that was killed leaves at most containers behind, and the next one ends them.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from kyozo.machine.engine import ping
from kyozo.machine.errors import EngineUnreachableError
from services.builds.client import DockerCli, find_client
from tests.runner.run import Run, marked

DISK_MB = 700
START_S = 30
STOP_S = 20
GROUP = "kyozo-engine-"
CGROUPS = Path("/sys/fs/cgroup")
CLONE_NEWNET = 0x4000_0000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
BASE = "kyozo/python:3.11"

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(slots=True)
class OwnEngine:
    """`disk` is a process that holds the mount namespace in which the engine's disk lies."""

    run: Run
    disk: "subprocess.Popen[bytes]"
    _daemon: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def socket(self) -> Path:
        return self.run.folder / "engine.sock"

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    @property
    def docker(self) -> DockerCli:
        return DockerCli(find_client(os.environ), self.url, os.environ)

    @property
    def data(self) -> Path:
        """The data root, as it is seen from outside the engine's mount namespace."""
        return Path(f"/proc/{self.disk.pid}/root{self.run.folder}/engine/data")

    def start(self) -> None:
        place, data = self.run.folder, self.run.folder / "engine"
        (place / "engine.json").write_text("{}", encoding="ascii")  # not this machine's settings
        # A killed engine's containerd is dead too, but may wait to be buried and look alive.
        stale = [place / "engine.pid", data / "exec" / "containerd" / "containerd.pid"]
        subprocess.run(self._inside("rm", "-f", *map(str, stale)), check=True)
        with (place / "engine.log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [
                    *self._inside("dockerd", f"--host={self.url}"),
                    f"--config-file={place / 'engine.json'}",
                    f"--data-root={data / 'data'}",
                    f"--exec-root={data / 'exec'}",
                    f"--pidfile={place / 'engine.pid'}",
                    f"--cgroup-parent=/{GROUP}{self.run.id}",
                    "--shutdown-timeout=3",
                ],
                env=self.run.environment | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def stop(self) -> None:
        """As an upgrade or a reboot does it: containers are ended, and come back at the start."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    @property
    def is_running(self) -> bool:
        return self._daemon is not None

    def make_disk(self) -> None:
        data = self.run.folder / "engine"
        data.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(data)]
        subprocess.run(self._inside(*mount), check=True)

    def load(self, image: str) -> None:
        """From the machine's engine: no registry is within reach."""
        docker = str(self.docker.client.path)
        with subprocess.Popen([docker, "save", image], stdout=subprocess.PIPE) as saved:
            subprocess.run(
                [docker, "--host", self.url, "load", "-q"],
                stdin=saved.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )

    def _inside(self, *command: str) -> list[str]:
        return ["nsenter", f"--mount=/proc/{self.disk.pid}/ns/mnt", *command]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                ping(self.url, "the tests' own engine")
            except EngineUnreachableError:
                said = (self.run.folder / "engine.log").read_text(errors="replace")
                assert time.monotonic() < deadline, said[-2000:]
                time.sleep(0.05)
            else:
                return

    def _end(self, number: signal.Signals) -> None:
        if self._daemon is not None:
            self._daemon.send_signal(number)
            self._daemon.wait(STOP_S)
            self._daemon = None


@contextmanager
def own_engine(run: Run, *images: str) -> Iterator[OwnEngine]:
    """The engine with these images, and this thread with all it starts in the engine's network."""
    clear_leftovers()
    with own_network():
        disk = subprocess.Popen(
            ["unshare", "--mount", "--propagation=private", "sleep", "infinity"],
            env=run.environment,
        )
        engine = OwnEngine(run, disk)
        try:
            _wait_for_namespace(disk.pid)
            engine.make_disk()
            engine.start()
            for image in images:
                engine.load(image)
            yield engine
        finally:
            with suppress(subprocess.TimeoutExpired):
                engine.stop()
            clear_group(f"{GROUP}{run.id}")
            disk.kill()
            disk.wait()


@contextmanager
def own_network() -> Iterator[None]:
    """A network namespace for this thread and what it starts from now on; 127.0.0.1 works in it."""
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        _must(_libc.unshare(CLONE_NEWNET))
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
            yield
        finally:
            _must(_libc.setns(before.fileno(), CLONE_NEWNET))


def clear_leftovers() -> None:
    """Containers of killed runs: their engines are ended already, those of living runs are not."""
    for group in {path.name for path in _groups(f"{GROUP}*")}:
        if not any(marked(group.removeprefix(GROUP))):
            clear_group(group)


def clear_group(name: str) -> None:
    """End every process in a control group, then remove the group."""
    deadline = time.monotonic() + 5
    while (left := _members(name)) and time.monotonic() < deadline:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    for top in _groups(name):
        for folder in reversed(_tree(top)):
            with suppress(OSError):
                folder.rmdir()


def _groups(pattern: str) -> list[Path]:
    """Version 1 has one tree for each controller, version 2 one for all."""
    found: list[Path] = []
    for place in (CGROUPS, *CGROUPS.iterdir()):
        with suppress(OSError):
            found += [path for path in place.iterdir() if path.match(pattern)]
    return found


def _members(name: str) -> set[int]:
    found: set[int] = set()
    for folder in (folder for top in _groups(name) for folder in _tree(top)):
        with suppress(OSError):
            text = (folder / "cgroup.procs").read_text(encoding="ascii")
            found |= set(map(int, text.split()))
    return found


def _tree(top: Path) -> list[Path]:
    """Parents first. Groups vanish while they are looked at, which `rglob` cannot bear."""
    return [Path(folder) for folder, _, _ in os.walk(top)]


def _wait_for_namespace(pid: int) -> None:
    own = Path("/proc/self/ns/mnt").readlink()
    while Path(f"/proc/{pid}/ns/mnt").readlink() == own:
        time.sleep(0.01)


def _must(answer: int) -> None:
    if answer != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
