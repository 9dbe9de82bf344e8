"""PostgreSQL and Redis for one run: on ports of their own, in the run's folder, gone afterwards."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.runner.run import Run

START_S = 60
POSTGRES_PORT, REDIS_PORT = 41, 42  # offsets in the run's block of ports


def start(run: Run) -> dict[str, str]:
    """Start both; the answer is the environment that leads to them."""
    _make_database(run)
    start_postgres(run)
    start_redis(run)
    return {
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{run.port(POSTGRES_PORT)}/postgres",
        "KYOZO_TEST_REDIS_URL": redis_url(run),
    }


def redis_url(run: Run) -> str:
    return f"redis://127.0.0.1:{run.port(REDIS_PORT)}/0"


def stop_postgres(run: Run) -> None:
    """As a crash does it: connections are cut, and what was not committed is gone."""
    _pg_ctl(run, "stop", "-m", "immediate")


def start_postgres(run: Run) -> None:
    options = (
        f"-p {run.port(POSTGRES_PORT)} -k {_data(run)} -h 127.0.0.1"
        " -c fsync=off -c max_connections=200"
    )
    _pg_ctl(run, "start", "-l", _data(run) / "log", "-o", options)


def stop_redis(run: Run) -> None:
    """With all that is in it."""
    _call(run, "redis-cli", "-p", str(run.port(REDIS_PORT)), "shutdown", "nosave")


def start_redis(run: Run) -> None:
    port, folder = str(run.port(REDIS_PORT)), str(run.folder)
    options = ["--bind", "127.0.0.1", "--save", "", "--daemonize", "yes", "--dir", folder]
    _call(run, "redis-server", "--port", port, *options)


def _make_database(run: Run) -> None:
    data = _data(run)
    data.mkdir(mode=0o700)
    shutil.chown(data, "postgres", "postgres")
    access = ("-A", "trust", "-U", "postgres", "--no-sync")
    _as_postgres(run, _program("initdb"), "-D", data, *access, "--locale=C.UTF-8", "-E", "UTF8")


def _data(run: Run) -> Path:
    return run.folder / "postgres"


def _program(name: str) -> Path:
    """Of the newest version that is installed."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    return max(folders, key=lambda path: int(path.parent.name)) / name


def _pg_ctl(run: Run, verb: str, *options: str | Path) -> None:
    _as_postgres(run, _program("pg_ctl"), "-D", _data(run), "-w", *options, verb)


def _as_postgres(run: Run, *command: str | Path) -> None:
    user = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    prefix = ["setpriv", *user] if user else []
    _call(run, *prefix, *command)


def _call(run: Run, *command: str | Path) -> None:
    """Output goes to a file: a server that keeps a pipe open would keep us waiting for its end."""
    with (run.folder / "servers.log").open("a", encoding="utf-8") as log:
        done = subprocess.run(
            [str(part) for part in command],
            env=run.environment,
            cwd=run.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=START_S,
            check=False,
        )
    if done.returncode != 0:
        text = (run.folder / "servers.log").read_text(encoding="utf-8", errors="replace")
        raise OSError(f"{command[0]} failed:\n{text[-2000:]}")
