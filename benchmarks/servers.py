"""Which web server: the platform's application under each, with sockets open meanwhile.

REST in WSGI threads inside the sockets' process, REST under Django's own ASGI handler, and REST by
a WSGI server of its own beside the sockets' process, all with one PostgreSQL and the same rows.
`wrk` asks over 1 and over 16 connections, in rounds of random order. A server that the Python
named with --python cannot import is left out, and said so: only uvicorn is the platform's own.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.api import CONNECTIONS, Case, load
from benchmarks.live import allow_files, answers
from benchmarks.rows import Rows, ratio
from benchmarks.setups import SETUPS, Setup, missing
from benchmarks.sockets import Listener, open_all
from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run

COLUMNS = (
    *("setup", "request", "connections", "round", "per_s", "p50_ms", "p99_ms", "failed"),
    *("sockets_lost", "memory_mb"),
)
REQUESTS = ("get", "list")
END_S = 5


@dataclass(frozen=True, slots=True)
class Bench:
    run: Run
    environment: Mapping[str, str]
    asked: Mapping[str, Any]
    rows: Rows
    options: argparse.Namespace


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="of the servers")
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--sockets", type=int, default=200)
    options = parser.parse_args()
    lacking = {setup.name: missing(options.python, setup) for setup in SETUPS}
    here = [setup for setup in SETUPS if not lacking[setup.name]]
    allow_files(2 * options.sockets + 100)
    with runs.begin() as run:
        environment = settings(run)
        asked = seed(run, environment, options.rows)
        bench = Bench(run, environment, asked, Rows("servers", COLUMNS), options)
        for number in range(options.rounds):
            for setup in random.sample(here, len(here)):
                asyncio.run(measure(bench, setup, number))
            print(f"round {number + 1} of {options.rounds}", flush=True)
    report(bench.rows, lacking)
    return 0


def settings(run: Run) -> dict[str, str]:
    return (
        run.environment
        | servers.start(run)
        | {"DJANGO_SETTINGS_MODULE": "kyozo.settings", "KYOZO_RUNTIME": "fake"}
        | {"KYOZO_RATE_LIMITS": "false", "KYOZO_LOG_LEVEL": "WARNING"}
    )


def seed(run: Run, environment: Mapping[str, str], rows: int) -> dict[str, Any]:
    """Make the rows; what to ask for."""
    options = ["--seed", "--rows", str(rows), "--folder", str(run.folder / "site")]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.api_server", "kyozo", *options],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


async def measure(bench: Bench, setup: Setup, number: int) -> None:
    """One setup, from its start to its end; the sockets listen all the time."""
    rest, live = bench.run.port(0), bench.run.port(1) if setup.is_split else bench.run.port(0)
    async with AsyncExitStack() as started:
        processes = [
            await started.enter_async_context(serving(command, bench.environment))
            for command in setup.commands(bench.options.python, rest=rest, live=live)
        ]
        for port in {rest, live}:
            await answers(port)
        token = bench.asked["headers"]["X-API-Key"]
        listeners = [Listener(live, token) for _ in range(bench.options.sockets)]
        await open_all(listeners)
        todo = [(request, connections) for request in REQUESTS for connections in CONNECTIONS]
        for request, connections in random.sample(todo, len(todo)):
            case = case_of(bench.asked, setup.name, request, rest)
            await asked(bench, case, connections, seconds=1)
            got = await asked(bench, case, connections, seconds=bench.options.seconds)
            figures = (got["requests"] / got["seconds"], got["p50_ms"], got["p99_ms"])
            lost = sum(not listener.is_open for listener in listeners)
            memory = sum(memory_mb(one.pid) for one in processes)
            told = (*figures, int(got["failed"]), lost, memory)
            bench.rows.add(setup.name, request, connections, number, *told)
        for listener in listeners:
            listener.cut()


@asynccontextmanager
async def serving(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """Some wait for ever for sockets that nobody closes: then they and their workers are killed."""
    started = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdin=DEVNULL, start_new_session=True
    )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await started.wait()
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        await started.wait()


def case_of(asked: Mapping[str, Any], setup: str, request: str, port: int) -> Case:
    headers = tuple(f"{name}: {value}" for name, value in asked["headers"].items())
    return Case(setup, request, f"http://127.0.0.1:{port}{asked[request]}", headers)


async def asked(bench: Bench, case: Case, connections: int, *, seconds: int) -> dict[str, float]:
    """In a thread: this loop has the sockets to hear."""
    return await asyncio.to_thread(load, bench.run, case, connections, seconds=seconds, prefix="")


def memory_mb(pid: int) -> float:
    """Of a process and all that it started. What they share counts once for each."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    resident = next((line for line in status.splitlines() if line.startswith("VmRSS")), "VmRSS 0")
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return int(resident.split()[1]) / 1024 + sum(memory_mb(int(child)) for child in children)


def report(rows: Rows, lacking: Mapping[str, Sequence[str]]) -> None:
    """Medians over the rounds; what is compared with is the first setup, the platform's own."""
    own = SETUPS[0].name
    print(
        f"{'':<24} {'':<4} {'conn.':>5} {'per s':>7} {f'by {own}':>11} {'p50 ms':>8} {'p99 ms':>8}"
        f" {'failed':>6} {'lost':>5} {'MB':>5}"
    )
    for request in REQUESTS:
        for connections in CONNECTIONS:
            for setup in SETUPS:
                if not lacking[setup.name]:
                    print(line(rows, setup.name, own, request, connections))
    for setup in SETUPS:
        if names := lacking[setup.name]:
            print(
                f"{setup.name:<24} not measured: this Python has no {', '.join(names)} (--python)"
            )
    print(f"lost: sockets that were closed meanwhile; rows: {rows.path.relative_to(ROOT)}")


def line(rows: Rows, setup: str, own: str, request: str, connections: int) -> str:
    per_s, p50, p99 = (rows.median((setup, request, connections), at) for at in (4, 5, 6))
    by_own = ratio(per_s, rows.median((own, request, connections), 4))
    failed, lost = (int(sum(rows.values((setup, request, connections), at))) for at in (7, 8))
    memory = rows.median((setup, request, connections), 9)
    return (
        f"{setup:<24} {request:<4} {connections:>5} {per_s:7.0f} {by_own:11.2f} {p50:8.2f}"
        f" {p99:8.2f} {failed:>6} {lost:>5} {memory:5.0f}"
    )


if __name__ == "__main__":
    sys.exit(main())
