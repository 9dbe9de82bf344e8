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
    _start_postgres(run)
    _start_redis(run)
    return {
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{run.port(POSTGRES_PORT)}/postgres",
        "KYOZO_TEST_REDIS_URL": f"redis://127.0.0.1:{run.port(REDIS_PORT)}/0",
    }


def _start_postgres(run: Run) -> None:
    data = run.folder / "postgres"
    data.mkdir(mode=0o700)
    shutil.chown(data, "postgres", "postgres")
    programs = max(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    access = ("-A", "trust", "-U", "postgres", "--no-sync")
    _as_postgres(run, programs / "initdb", "-D", data, *access, "--locale=C.UTF-8", "-E", "UTF8")
    options = (
        f"-p {run.port(POSTGRES_PORT)} -k {data} -h 127.0.0.1 -c fsync=off -c max_connections=200"
    )
    _as_postgres(
        run, programs / "pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", options, "start"
    )


def _as_postgres(run: Run, *command: str | Path) -> None:
    user = ["--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
    prefix = ["setpriv", *user] if user else []
    _call(run, *prefix, *command)


def _start_redis(run: Run) -> None:
    port, folder = str(run.port(REDIS_PORT)), str(run.folder)
    options = ["--bind", "127.0.0.1", "--save", "", "--daemonize", "yes", "--dir", folder]
    _call(run, "redis-server", "--port", port, *options)


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
