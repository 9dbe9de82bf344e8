"""What an API request costs, beside a bare Django view and a plain DRF viewset.

All three are answered by the same server with the same threads and the same PostgreSQL, and hold
as many rows; the viewset authenticates by DRF's own tokens and shows about as many fields. `wrk`
asks as fast as it is answered, over 1 and over 16 connections, in rounds of random order. Only the
relation of the figures says something: client, server and database share this machine.
"""

import argparse
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from typing import Any

import psycopg

from benchmarks.rows import Rows, ratio
from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run

COLUMNS = ("server", "request", "connections", "round", "per_s", "p50_ms", "p99_ms", "failed")
CONNECTIONS = (1, 16)
REQUESTS = ("get", "list", "create")
GOAL = 2.0
PORTS = {"kyozo": 0, "plain": 1}
SERVERS = (*PORTS, "bare")


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request to one server. `body` makes it a POST."""

    server: str
    request: str
    url: str
    headers: tuple[str, ...]
    body: str = ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not on this machine: apt-get install wrk")
    rows = Rows("api", COLUMNS)
    with runs.begin() as run, ExitStack() as started:
        settings = run.environment | servers.start(run)
        cases = [
            case
            for server in PORTS
            for case in started.enter_context(serving(run, settings, server, options.rows))
        ]
        measure(run, cases, rows, options)
    report(rows)
    return 0


@contextmanager
def serving(run: Run, settings: dict[str, str], server: str, rows: int) -> Iterator[list[Case]]:
    """A server with a database of its own; what can be asked of it."""
    url = settings["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {server}")
    port = run.port(PORTS[server])
    options = ["--port", str(port), "--rows", str(rows), "--folder", str(run.folder / server)]
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.api_server", server, *options],
        env=settings
        | {"DATABASE_URL": url.rpartition("/")[0] + f"/{server}"}
        | {"KYOZO_RUNTIME": "fake", "KYOZO_RATE_LIMITS": "false", "KYOZO_LOG_LEVEL": "WARNING"},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            said = json.loads(next(iter(process.stdout or ()), None) or sys.exit(f"no {server}"))
            yield list(cases_of(server, f"http://127.0.0.1:{port}", said))
        finally:
            process.terminate()


def cases_of(server: str, root: str, said: dict[str, Any]) -> Iterator[Case]:
    headers = tuple(f"{name}: {value}" for name, value in said["headers"].items())
    yield from three_of(server, root, said, headers, said["body"])
    if "bare" in said:
        yield from three_of("bare", root, said["bare"], (), said["body"])


def three_of(
    server: str, root: str, paths: dict[str, str], headers: tuple[str, ...], body: str
) -> Iterator[Case]:
    yield Case(server, "get", root + paths["get"], headers)
    yield Case(server, "list", root + paths["list"], headers)
    json_headers = (*headers, "Content-Type: application/json")
    yield Case(server, "create", root + paths["create"], json_headers, body)


def measure(run: Run, cases: list[Case], rows: Rows, options: argparse.Namespace) -> None:
    todo = [(case, connections) for case in cases for connections in CONNECTIONS]
    for case, connections in todo:
        load(run, case, connections, seconds=1, prefix=f"warm-{case.server}-{connections}-")
    for number in range(options.rounds):
        for case, connections in random.sample(todo, len(todo)):
            prefix = f"new-{case.server}-{connections}-{number}-"
            got = load(run, case, connections, seconds=options.seconds, prefix=prefix)
            figures = (got["requests"] / got["seconds"], got["p50_ms"], got["p99_ms"])
            rows.add(case.server, case.request, connections, number, *figures, got["failed"])
        print(f"round {number + 1} of {options.rounds}", flush=True)


def load(run: Run, case: Case, connections: int, *, seconds: int, prefix: str) -> dict[str, float]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    headers = [part for header in case.headers for part in ("-H", header)]
    script = ["-s", str(ROOT / "benchmarks" / "load.lua")]
    body = ["--", prefix, case.body] if case.body else []
    done = subprocess.run(
        [*command, *headers, *script, case.url, *body],
        cwd=run.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(rows: Rows) -> None:
    print(f"{'':<8} {'':<6} {'conn.':>5} {'per s':>8} {'p50 ms':>8} {'p99 ms':>8} {'failed':>6}")
    for request, connections, server in product(REQUESTS, CONNECTIONS, SERVERS):
        key = (server, request, connections)
        per_s, p50, p99 = (rows.median(key, at) for at in (4, 5, 6))
        print(
            f"{request:<8} {server:<6} {connections:>5} {per_s:8.0f} {p50:8.2f} {p99:8.2f}"
            f" {sum(rows.values(key, 7)):6.0f}"
        )
    print(
        f"\nthe platform's requests a second, by the plain viewset's (goal {GOAL}) and the view's"
    )
    print(f"{'':<8} {'conn.':>5} {'by viewset':>11} {'by bare view':>13}")
    for request, connections in product(REQUESTS, CONNECTIONS):
        ours, plain, bare = (rows.median((s, request, connections), 4) for s in SERVERS)
        print(f"{request:<8} {connections:>5} {ratio(ours, plain):11.2f} {ratio(ours, bare):13.2f}")
    print(f"rows: {rows.path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
