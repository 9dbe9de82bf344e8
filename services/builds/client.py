"""The docker command line: which one on PATH can build with BuildKit, and how it is run."""

import json
import os
import queue
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Literal

from services.errors import BuildError, CancelledError, EngineUnreachableError

Kind = Literal["buildx", "builtin"]
Log = Callable[[str], None]
Cancelled = Callable[[], bool]

PROBE_TIMEOUT_S = 10
QUERY_TIMEOUT_S = 60
POLL_S = 0.1
FIRST_BUILTIN = (18, 9)
FIRST_WITHOUT_BUILTIN = (23, 0)  # from here on a client builds with BuildKit only through buildx
TAIL_LINES = 20
END_S = 2
NO_ENGINE = "Cannot connect to the Docker daemon"


class ClientMissingError(BuildError):
    code = "build.no_client"


class CommandFailedError(BuildError):
    """A docker command ended with an error; the last lines it printed are in the message."""

    code = "build.command_failed"


class CommandTimeoutError(BuildError):
    code = "build.timeout"


@dataclass(frozen=True, slots=True)
class BuildClient:
    """A docker client that can do BuildKit, by itself (`builtin`) or through its buildx plugin."""

    path: Path
    kind: Kind
    version: str

    def build_command(self, *arguments: str) -> list[str]:
        if self.kind == "buildx":
            return [str(self.path), "buildx", "build", *arguments]
        return [str(self.path), "build", *arguments]

    def environment(self, environ: Mapping[str, str], *, engine_url: str = "") -> dict[str, str]:
        """The environment for every call: this engine, BuildKit, and the engine's own builder."""
        wanted = {**environ, "DOCKER_BUILDKIT": "1", "BUILDX_BUILDER": "default"}
        if engine_url:
            wanted["DOCKER_HOST"] = engine_url
            wanted.pop("DOCKER_CONTEXT", None)
        return wanted


def find_client(environ: Mapping[str, str]) -> BuildClient:
    """The best docker client on PATH: one with buildx, else the first with BuildKit inside."""
    return _search(environ.get("PATH", os.defpath))


@lru_cache(maxsize=8)
def _search(search_path: str) -> BuildClient:
    seen = list(_docker_programs(search_path))
    for probe in (_as_buildx, _as_builtin):
        for program in seen:
            if client := probe(program):
                return client
    found = ", ".join(map(str, seen)) or "none"
    raise ClientMissingError(
        f"no docker client on PATH can build with BuildKit (found: {found})",
        fix="Install one, for example with: apt-get install docker.io (or docker-buildx-plugin)",
    )


def _docker_programs(search_path: str) -> Iterator[Path]:
    real: set[Path] = set()
    for folder in search_path.split(os.pathsep):
        program = Path(folder or ".") / "docker"
        if program.is_file() and os.access(program, os.X_OK) and program.resolve() not in real:
            real.add(program.resolve())
            yield program


def _as_buildx(program: Path) -> BuildClient | None:
    answer = _ask(program, "buildx", "version")
    version = re.search(r"v?(\d+\.\d+\.\d+)", answer)
    return BuildClient(program, "buildx", version[1]) if version else None


def _as_builtin(program: Path) -> BuildClient | None:
    version = re.search(r"version (\d+)\.(\d+)\.(\d+)", _ask(program, "--version"))
    if version is None:
        return None
    number = (int(version[1]), int(version[2]))
    if not FIRST_BUILTIN <= number < FIRST_WITHOUT_BUILTIN:
        return None
    return BuildClient(program, "builtin", ".".join(version.groups()))


def _ask(program: Path, *arguments: str) -> str:
    try:
        answer = subprocess.run(
            [str(program), *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""


def empty_config(work_dir: Path) -> Path:
    """A client configuration without credentials. It stays, because its node id lets the engine
    receive only what changed in a tree since the last build."""
    config = work_dir / "docker-config"
    if not (config / "config.json").exists():
        config.mkdir(parents=True, exist_ok=True, mode=0o700)
        plugins = Path("~/.docker/cli-plugins").expanduser()
        content = {"cliPluginsExtraDirs": [str(plugins)]} if plugins.is_dir() else {}
        (config / "config.json").write_text(json.dumps(content), encoding="utf-8")
    return config


def bare_environment(config: Path) -> dict[str, str]:
    """For what is done in a team's name. Logins come in more ways than by the home folder
    (`DOCKER_AUTH_CONFIG`), and those of whoever runs the platform would be every team's."""
    home = str(config)
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "DOCKER_CONFIG": home}


@dataclass(frozen=True, slots=True)
class DockerCli:
    """Runs one client against one engine. `environ` is what the client inherits (proxies, PATH)."""

    client: BuildClient
    engine_url: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)

    def query(self, *arguments: str, accept: Sequence[int] = (0,)) -> str:
        """Run a short command and return what it printed. `accept` lists fine exit codes."""
        try:
            answer = subprocess.run(
                [str(self.client.path), *arguments],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=QUERY_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as exc:
            raise CommandTimeoutError(f"docker {arguments[0]} gave no answer") from exc
        if answer.returncode != 0:
            _see_engine(answer.stderr)
        if answer.returncode not in accept:
            raise CommandFailedError(f"docker {arguments[0]}: {answer.stderr.strip()}")
        return answer.stdout

    def stream(
        self,
        command: Sequence[str],
        *,
        log: Log,
        cancelled: Cancelled,
        stdin: IO[bytes] | None = None,
        timeout_s: float = 1200,
    ) -> None:
        """Run a long command line by line; ending it ends the engine's work too."""
        process = subprocess.Popen(
            list(command),
            env=self._environment(),
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        follow(process, log=log, cancelled=cancelled, timeout_s=timeout_s)

    def build(self, *arguments: str, context: IO[bytes], log: Log, cancelled: Cancelled) -> None:
        """Build from a context that is a tar stream."""
        command = self.client.build_command("--progress=plain", *arguments, "-")
        self.stream(command, log=log, cancelled=cancelled, stdin=context)

    def pull(self, ref: str, *, log: Log, cancelled: Cancelled, timeout_s: float = 900) -> None:
        command = [str(self.client.path), "pull", ref]
        self.stream(command, log=log, cancelled=cancelled, timeout_s=timeout_s)

    def _environment(self) -> dict[str, str]:
        return self.client.environment(self.environ, engine_url=self.engine_url)


def follow(
    process: subprocess.Popen[str], *, log: Log, cancelled: Cancelled, timeout_s: float
) -> None:
    """Hand on each line of a running program until it ends; end it when told to or too late."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(process, lines), daemon=True)
    reader.start()
    name = Path(process.args[0] if isinstance(process.args, list) else str(process.args)).name
    limit = _Limit(name, timeout_s, cancelled)
    tail: deque[str] = deque(maxlen=TAIL_LINES)
    try:
        while (line := _next(lines)) is not None:
            limit.check()
            if line:
                tail.append(line)
                log(line)
    except BaseException:
        _end(process)
        reader.join(END_S)  # longer only where a grandchild keeps the pipe open
        raise
    if process.wait() != 0:
        said = "\n".join(tail)
        _see_engine(said)
        raise CommandFailedError(f"{name} failed:\n{said}")


def _see_engine(said: str) -> None:
    """An engine that is away is no answer: not "no such image", not a build that failed."""
    if NO_ENGINE in said:
        raise EngineUnreachableError(
            "The container engine cannot be reached by the docker command.",
            fix="Start the engine (for example `dockerd`), then check with `kyozo doctor`.",
        )


class _Limit:
    """How long a program may run: until its time is up or the person says stop."""

    def __init__(self, name: str, timeout_s: float, cancelled: Cancelled) -> None:
        self.name = name
        self.timeout_s = timeout_s
        self.cancelled = cancelled
        self.deadline = time.monotonic() + timeout_s

    def check(self) -> None:
        if self.cancelled():
            raise CancelledError(f"{self.name} was cancelled")
        if time.monotonic() > self.deadline:
            raise CommandTimeoutError(f"{self.name} took longer than {self.timeout_s:.0f} s")


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    if stream := process.stdout or process.stderr:
        with stream:
            for line in stream:
                lines.put(line.rstrip())
    lines.put(None)


def _next(lines: queue.SimpleQueue[str | None]) -> str | None:
    """The next line, "" when there is none yet, None at the end."""
    try:
        return lines.get(timeout=POLL_S)
    except queue.Empty:
        return ""


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(timeout=END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
