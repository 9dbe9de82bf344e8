"""One run of bin/test: its folder, its environment, and the end of everything it started."""

import json
import os
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kyozo.platform.processes import ProcessId
from services.builds.client import DockerCli, find_client
from services.errors import KyozoError
from services.runtimes.base import LABEL_INSTALL

MARK = "KYOZO_TEST_RUN"
PREFIX = "kyozo-test-"
LOOKS = 20
LOOK_EVERY_S = 0.005
PORTS = range(21000, 29000, 50)
# Beside the default networks, so that a platform that runs here keeps its own.
NETWORKS = "10.192.0.0/13"


@dataclass(frozen=True, slots=True)
class Run:
    """`folder` holds all it writes; the processes it starts carry its id."""

    id: str
    folder: Path
    base_port: int
    claim: socket.socket = field(repr=False)
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """This machine's variables, with the run's settings instead of anybody's platform's."""
        foreign = {name for name in os.environ if name.startswith("KYOZO_")} - {"KYOZO_VENV"}
        ours = {k: v for k, v in os.environ.items() if k not in {*foreign, "DATABASE_URL"}}
        return ours | {
            MARK: self.id,
            "TMPDIR": str(self.folder / "tmp"),
            "COVERAGE_FILE": str(self.folder / "coverage"),
            "KYOZO_HOME": str(self.folder / "home"),
            "KYOZO_INSTALL": f"test-{self.id}",
            "KYOZO_SECRET_KEY": self.secret_key,
        }

    @property
    def platform_environment(self) -> dict[str, str]:
        """For a platform of the run's own, beside whatever runs on the usual ports and networks."""
        first = self.base_port
        return self.environment | {
            "KYOZO_PORT": str(first),
            "KYOZO_ROUTER_PORT": str(first + 1),
            "KYOZO_HTTP_PORTS": f"{first + 10}-{first + 39}",
            "KYOZO_NETWORKS": NETWORKS,
        }

    def port(self, offset: int) -> int:
        return self.base_port + offset


@contextmanager
def begin() -> Iterator[Run]:
    """Clean up after killed runs, then make a new one and clean up after it, come what may."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _clean_if_dead(folder)
    run = _make()
    try:
        yield run
    finally:
        clean(run.id, run.folder)
        run.claim.close()


def clean(run_id: str, folder: Path) -> None:
    """Also of the runs inside it: an end-to-end test begins one of its own."""
    for inner in (folder / "tmp").glob(f"{PREFIX}*"):
        clean(inner.name.removeprefix(PREFIX), inner)
    end_processes(run_id)
    remove_engine_objects(f"test-{run_id}")
    shutil.rmtree(folder, ignore_errors=True)


def end_processes(run_id: str) -> None:
    """Whatever still runs and was started by that run, by the mark in its environment."""
    for _ in range(3):  # a process that ends may start another one in its last moment
        found = list(marked(run_id))
        for process in found:
            process.end(within_s=5)
        if not found:
            return


def remove_engine_objects(install: str) -> None:
    """Containers, networks, volumes and images with the label of that test installation."""
    try:
        docker = DockerCli(find_client(os.environ), os.environ.get("DOCKER_HOST", ""), os.environ)
        label = ("--filter", f"label={LABEL_INSTALL}={install}")
        for kind, listing, removal in (
            ("container", ("ls", "-aq"), ("rm", "-fv")),
            ("network", ("ls", "-q"), ("rm",)),
            ("volume", ("ls", "-q"), ("rm", "-f")),
            ("image", ("ls", "-aq"), ("rm", "-f")),
        ):
            if found := docker.query(kind, *listing, *label).split():
                docker.query(kind, *removal, *dict.fromkeys(found), accept=(0, 1))
    except KyozoError:
        return  # no client or no engine: then there is nothing of ours on it


def _make() -> Run:
    run_id = secrets.token_hex(3)
    folder = Path(tempfile.gettempdir()) / f"{PREFIX}{run_id}"
    folder.mkdir(mode=0o711)  # PostgreSQL runs as another user and must get through
    own = ProcessId.own()
    owner = json.dumps({"pid": own.pid, "started": own.started})
    (folder / "owner.json").write_text(owner, encoding="utf-8")
    (folder / "home").mkdir(mode=0o700)
    # A test that acts as another user makes its folder in here.
    (folder / "tmp").mkdir(mode=0o711)
    return Run(run_id, folder, *_free_block())


def _clean_if_dead(folder: Path) -> None:
    try:
        owner = ProcessId(**json.loads((folder / "owner.json").read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return
    if not owner.is_alive:
        clean(folder.name.removeprefix(PREFIX), folder)


def marked(run_id: str) -> Iterator[ProcessId]:
    """The processes of a run, this one apart.

    A router gets none of our environment; it is known by the folder in its arguments. Redis writes
    its title over both and is known by the folder that it works in.
    """
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            is_ours = belongs(entry, run_id)
        except OSError:
            continue
        if is_ours and (process := ProcessId.find(int(entry.name))):
            yield process


def belongs(entry: Path, run_id: str) -> bool:
    """Whether the process of this entry in /proc is of that run; OSError when it has ended."""
    folder = f"/{PREFIX}{run_id}/".encode()
    return (
        f"{MARK}={run_id}".encode() in _environment(entry).split(b"\0")
        or folder in (entry / "cmdline").read_bytes()
        or folder in os.fsencode((entry / "cwd").readlink()) + b"/"
    )


def _environment(entry: Path) -> bytes:
    """Empty for a moment in a process that just began: the kernel lets the parent go on before it
    has told where the new program's variables stand."""
    (entry / "exe").readlink()  # the kernel's own threads have none
    for _ in range(LOOKS):
        if variables := (entry / "environ").read_bytes():
            return variables
        time.sleep(LOOK_EVERY_S)
    return b""


def _free_block() -> tuple[int, socket.socket]:
    """Fifty ports in a row that nobody listens on, and what keeps other runs off them: a name that
    is free again when its process ends, however that happens."""
    for first in PORTS:
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0{PREFIX}ports-{first}")
        except OSError:
            claim.close()
            continue
        if all(_is_free(port) for port in range(first, first + 50)):
            return first, claim
        claim.close()
    raise OSError("no fifty free ports in a row between 21000 and 29000")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return not _refused(probe, port)


def _refused(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return True
    return False
