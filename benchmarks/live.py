"""A thousand sockets on two web processes, events from a third, through Redis: when do they come?

Committed is when PostgreSQL said so, and heard is when the bytes are there: in one process for all
sockets, on the same machine, by the same clock. On the way a tenth of the sockets are cut and come
back with the last number that they heard, and Redis is restarted. Each socket must have heard each
number, in order.
"""

import argparse
import asyncio
import contextlib
import gc
import random
import resource
import sys
import time
from asyncio.subprocess import PIPE, Process
from bisect import bisect_right
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.delays import COLUMNS, report
from benchmarks.rows import Rows
from benchmarks.sockets import Listener, open_all
from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run

WEB = 2
GOAL_MS = 50
CUT_S = 2.0
REDIS_DOWN_S = 2.0
REDIS_BACK_S = 5.0
READY_S = 60.0
LAST_S = 15.0
SERVER = (
    *(sys.executable, "-m", "uvicorn", "kyozo.asgi:application", "--host", "127.0.0.1"),
    *("--http", "h11", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false"),
    *("--loop", "asyncio", "--lifespan", "off", "--no-access-log", "--log-level", "warning"),
)


@dataclass(slots=True)
class Course:
    """What is done to the sockets, one thing after the other; `phases`: since when which one."""

    run: Run
    listeners: Sequence[Listener]
    seconds: float
    phases: list[tuple[float, str]] = field(default_factory=list)

    async def go(self) -> None:
        self.begin("steady")
        await asyncio.sleep(self.seconds)
        self.begin("a tenth cut")
        await self.cut_a_tenth()
        self.begin("Redis restarted")
        await self.restart_redis()
        self.begin("steady again")
        await asyncio.sleep(self.seconds)

    def begin(self, phase: str) -> None:
        print(f"{phase} ...", flush=True)
        self.phases.append((time.monotonic(), phase))

    def at(self, moment: float) -> str:
        return self.phases[max(0, bisect_right(self.phases, (moment, "\uffff")) - 1)][1]

    async def cut_a_tenth(self) -> None:
        some = random.sample(self.listeners, max(1, len(self.listeners) // 10))
        for listener in some:
            listener.cut()
        await asyncio.sleep(CUT_S)
        await open_all(some)
        await asyncio.sleep(self.seconds)

    async def restart_redis(self) -> None:
        await asyncio.to_thread(servers.stop_redis, self.run)
        await asyncio.sleep(REDIS_DOWN_S)
        await asyncio.to_thread(servers.start_redis, self.run)
        await asyncio.sleep(REDIS_BACK_S)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20)
    parser.add_argument("--seconds", type=float, default=60, help="of each quiet part")
    options = parser.parse_args()
    allow_files(2 * options.sockets + 100)
    with runs.begin() as run:
        environment = run.environment | servers.start(run)
        environment |= {
            "DJANGO_SETTINGS_MODULE": "kyozo.settings",
            "KYOZO_BROKER_URL": servers.redis_url(run),
            "KYOZO_RATE_LIMITS": "false",
            "KYOZO_RUNTIME": "fake",
            "KYOZO_LOG_LEVEL": "WARNING",
        }
        return asyncio.run(measure(run, environment, options))


async def measure(run: Run, environment: Mapping[str, str], options: argparse.Namespace) -> int:
    publish = (sys.executable, "-m", "benchmarks.publisher", f"--rate={options.rate}")
    ports = [run.port(number) for number in range(WEB)]
    async with AsyncExitStack() as started:
        publisher = await started.enter_async_context(process(publish, environment))
        token = (await first_line(publisher)).strip()
        for port in ports:
            command = (*SERVER, f"--port={port}")
            await started.enter_async_context(process(command, environment))
            await answers(port)
        listeners = [Listener(ports[n % WEB], token) for n in range(options.sockets)]
        await open_all(listeners)
        # A full collection in here would look like a slow server.
        gc.collect()
        gc.freeze()
        course = Course(run, listeners, options.seconds)
        committed = await while_publishing(publisher, course.go())
        await heard_all(listeners, max(committed))
    rows = Rows("live", COLUMNS)
    lost = report([listener.heard for listener in listeners], committed, course.at, rows)
    print(f"goal {GOAL_MS} ms at p99, steady; rows: {rows.path.relative_to(ROOT)}")
    return 1 if lost else 0


@asynccontextmanager
async def process(command: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Process]:
    """Of the run's own: what does not end by itself does with it."""
    started = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=environment, stdin=PIPE, stdout=PIPE
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()


async def first_line(of: Process) -> str:
    assert of.stdout is not None  # noqa: S101 - it is a pipe
    async with asyncio.timeout(READY_S):
        return (await of.stdout.readline()).decode()


async def answers(port: int) -> None:
    async with asyncio.timeout(READY_S), httpx.AsyncClient(trust_env=False) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{port}/api/v1/health/live")
                return
            await asyncio.sleep(0.1)


async def while_publishing(
    publisher: Process, course: Coroutine[Any, Any, None]
) -> dict[int, float]:
    """When each number was committed."""
    assert publisher.stdin is not None  # noqa: S101 - it is a pipe
    assert publisher.stdout is not None  # noqa: S101 - it is a pipe
    publisher.stdin.write(b"go\n")
    reading = asyncio.create_task(publisher.stdout.read())
    await course
    publisher.stdin.close()
    lines = (line.split() for line in (await reading).decode().splitlines())
    return {int(number): float(at) for number, at in lines}


async def heard_all(listeners: Sequence[Listener], last: int) -> None:
    """Or not: that is counted."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LAST_S):
            while any(one.heard.last < last for one in listeners):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.1)


def allow_files(count: int) -> None:
    """In this process and those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


if __name__ == "__main__":
    sys.exit(main())
