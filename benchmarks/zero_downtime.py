"""Everything that may be done to a service while it is asked 200 times a second: what was lost?

A round is a deploy, 1 to 4 instances and back, a rollback, one instance of two that turned sick and
is replaced, and another service made and removed. Meanwhile GETs and POSTs, half of them on kept
connections, answers that take 3 s, upgraded connections, and a second service that asks the first
one by its name. Nobody asks twice. Failed is an error, any status but the expected one, more than
5 s, and the old release's answer after the command said that the new one is deployed.
"""

import argparse
import asyncio
import json
import shutil
import socket
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.clients import Clients, Expected
from benchmarks.idle import site
from benchmarks.rows import Rows
from tests.e2e.harness import Kyozo, get, installation
from tests.repository import ROOT
from tests.runner import run as runs

APP = ROOT / "benchmarks" / "steady"
RATE = 200
ANSWER_S = 4.0  # what was asked before a change ends is heard before the next one begins
COLUMNS = ("retries", "round", "action", "kind", "sent", "failed", "first")


@dataclass(slots=True)
class Tally:
    """Counts the orders that the application reports: each one must come exactly once."""

    wire: socket.socket
    orders: Counter[bytes] = field(default_factory=Counter)

    @classmethod
    def opened(cls) -> "Tally":
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire.bind(("0.0.0.0", 0))  # noqa: S104 - containers reach it by their gateway
        wire.settimeout(0)
        return cls(wire)

    @property
    def port(self) -> int:
        return int(self.wire.getsockname()[1])

    def hear(self) -> None:
        self.orders[self.wire.recv(64)] += 1

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in self.orders.values())


@dataclass(slots=True)
class Course:
    """The changes of all rounds, one after the other, and what each of them cost."""

    kyozo: Kyozo
    rows: Rows
    retries: str
    folder: Path
    clients: Clients
    releases: int = 1
    now: str = "1"
    before: str = ""

    async def run(self, rounds: int) -> None:
        for number in range(rounds):
            await self.change(number, "deploy", self.deploy)
            await self.change(number, "scale to 4", lambda: self.do("scale", "steady", 4))
            await self.change(number, "scale to 1", lambda: self.do("scale", "steady", 1))
            await self.change(number, "rollback", self.roll_back)
            await self.change(number, "replace a sick one", self.replace_a_sick_one)
            await self.change(number, "another service", self.another_service)

    async def change(self, number: int, action: str, work: Callable[[], None]) -> None:
        sent, failed = Counter(self.clients.sent), len(self.clients.failures)
        await asyncio.to_thread(work)
        await asyncio.sleep(ANSWER_S)
        new = self.clients.failures[failed:]
        for kind, count in sorted((self.clients.sent - sent).items()):
            mine = [failure.what for failure in new if failure.kind.startswith(kind)]
            first = next(iter(mine), "")
            self.rows.add(self.retries, number, action, kind, count, len(mine), first)
        print(f"round {number}  {action:<20} failed {len(new)}", flush=True)

    def do(self, *arguments: object) -> None:
        done = self.kyozo(*arguments)
        if done.code != 0:
            sys.exit(done.said)

    def deploy(self) -> None:
        self.releases += 1
        self.before, self.now = self.now, str(self.releases)
        write_release(self.folder, self.now)
        self.clients.expected.switching_to(self.now)
        self.do("deploy", self.folder)
        self.clients.expected.only(self.now)

    def roll_back(self) -> None:
        """To what ran before the deploy: after the first round that is what was rolled back to."""
        self.now = self.before
        self.clients.expected.switching_to(self.now)
        self.do("rollback", "steady")
        self.clients.expected.only(self.now)

    def replace_a_sick_one(self) -> None:
        self.do("scale", "steady", 2)
        engine_id = self.kyozo.containers("steady")[0]
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = self.kyozo.docker.query("inspect", "-f", form, engine_id).strip()
        httpx.post(f"http://{address}:8000/sick", trust_env=False)
        self.do("restart", "steady")
        self.do("scale", "steady", 1)

    def another_service(self) -> None:
        self.do("deploy", self.kyozo.run.folder / "other")
        get(self.kyozo.url("other")).raise_for_status()
        self.do("rm", "other", "--yes")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--retries", choices=["off", "on"], action="append", help="else both")
    options = parser.parse_args()
    rows = Rows("zero-downtime", COLUMNS)
    lost = 0
    for retries in options.retries or ("off", "on"):
        with runs.begin() as run:
            settings = {"KYOZO_ROUTER_RETRIES": str(retries == "on").lower()}
            kyozo = installation(run, settings=settings)
            lost += asyncio.run(measure(kyozo, rows, retries, options))
    print(f"rows: {rows.path.relative_to(ROOT)}")
    return 1 if lost else 0


async def measure(kyozo: Kyozo, rows: Rows, retries: str, options: argparse.Namespace) -> int:
    tally = Tally.opened()
    asyncio.get_running_loop().add_reader(tally.wire, tally.hear)
    folder = await asyncio.to_thread(prepare, kyozo, tally)
    port = urlsplit(kyozo.url("steady")).port or 80
    clients = Clients(port, options.rate, Expected(frozenset({"1"})))
    is_over = asyncio.Event()
    asking = asyncio.create_task(clients.ask_until(is_over))
    started = asyncio.get_running_loop().time()
    try:
        await Course(kyozo, rows, retries, folder, clients).run(options.rounds)
    finally:
        is_over.set()
        await asking
    seconds = asyncio.get_running_loop().time() - started
    by_name = json.loads(get(kyozo.url("caller"), "/peer").text)
    return report(clients, tally, by_name, f"router retries {retries}", seconds)


def prepare(kyozo: Kyozo, tally: Tally) -> Path:
    """The service, the one that asks it by name, and the folder of the one that comes and goes."""
    folder = kyozo.run.folder / "steady"
    for name in ("steady", "caller"):
        place = kyozo.run.folder / name
        shutil.copytree(APP, place)
        (place / "tally.txt").write_text(str(tally.port), encoding="utf-8")
        write_release(place, "1")
        if name == "caller":
            (place / "peer.txt").write_text("steady", encoding="utf-8")
        kyozo.deploy(place)
    site(kyozo.run.folder / "other")
    return folder


def write_release(folder: Path, text: str) -> None:
    (folder / "release.txt").write_text(text, encoding="utf-8")


def report(
    clients: Clients, tally: Tally, by_name: dict[str, Any], title: str, seconds: float
) -> int:
    sent = sum(clients.sent.values())
    failed = by_name["failed"]
    print(f"{title}: {seconds:.0f} s, {sent / seconds:.0f} requests a second")
    print(f"  through the router: sent {sent}   failed {len(clients.failures)}   goal 0")
    for kind, count in sorted(Counter(failure.kind for failure in clients.failures).items()):
        first = next(failure.what for failure in clients.failures if failure.kind == kind)
        print(f"    {kind:<20} {count}   first: {first}")
    print(f"  slowest quick answer {1000 * clients.slowest:.0f} ms")
    print(f"  by name: sent {by_name['sent']}   failed {len(failed)}   goal 0   {failed[:1]}")
    print(f"  orders seen {len(tally.orders)}, seen twice {tally.doubled}   goal 0")
    return len(clients.failures) + len(failed) + tally.doubled


if __name__ == "__main__":
    sys.exit(main())
