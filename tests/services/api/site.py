"""An installation with servers of its own: PostgreSQL, Redis and two web processes."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import psycopg
from redis import Redis

from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run
from tests.waiting import wait_until

FIRST_PORT = 3  # offset in the run's block of ports
PROCESSES = 2
SET_UP = """
import json
import django
django.setup()
from tests.factories import make_member, make_team, make_token
from services.teams.models import Role, Team
found = {}
for name in ("limited", "counted", "away"):
    team = make_team(name)
    found[name] = [str(team.id), make_token(team, make_member(team, name, role=Role.OWNER))]
team = make_team("many")
Team.objects.filter(pk=team.pk).update(plan="enterprise")
found["many"] = [str(team.id), make_token(team, make_member(team, "many", role=Role.OWNER))]
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def rate(self) -> tuple[int, int, int]:
        names = ("limit", "remaining", "reset")
        limit, remaining, reset = (int(self.headers[f"x-ratelimit-{name}"]) for name in names)
        return limit, remaining, reset


@dataclass(frozen=True, slots=True)
class Site:
    """`teams` has of each team its id and a token."""

    run: Run
    environment: dict[str, str]
    teams: dict[str, list[str]]

    @property
    def ports(self) -> Sequence[int]:
        return [self.run.port(FIRST_PORT + n) for n in range(PROCESSES)]

    def ask(self, path: str, *, team: str = "", process: int = 0, **options: Any) -> Answer:
        wire = HTTPConnection("127.0.0.1", self.ports[process % PROCESSES], timeout=30)
        key = {"X-API-Key": self.teams[team][1]} if team else {}
        headers = key | options.pop("headers", {})
        wire.request(options.pop("method", "GET"), f"/api/v1{path}", headers=headers, **options)
        got = wire.getresponse()
        found = {name.lower(): value for name, value in got.getheaders()}
        answer = Answer(got.status, found, got.read())
        wire.close()
        return answer

    def ask_at_once(self, path: str, *, team: str, count: int, **options: Any) -> list[Answer]:
        """By as many clients, of all processes in turn."""

        def one(number: int) -> Answer:
            return self.ask(path, team=team, process=number, **options)

        with ThreadPoolExecutor(max_workers=count) as clients:
            return list(clients.map(one, range(count)))

    def database(self) -> "psycopg.Connection[tuple[Any, ...]]":
        return psycopg.connect(self.environment["DATABASE_URL"], autocommit=True)

    def redis(self) -> "Redis":
        return Redis.from_url(servers.redis_url(self.run))


@contextmanager
def running() -> Iterator[Site]:
    with runs.begin() as run, ExitStack() as ending:
        database = servers.start(run)["DATABASE_URL"]
        settings = {
            "DATABASE_URL": database,
            "KYOZO_BROKER_URL": servers.redis_url(run),
            "KYOZO_RUNTIME": "fake",
            "KYOZO_BURST": "100000",
            "KYOZO_ANONYMOUS_LIMIT": "20",
            "DJANGO_SETTINGS_MODULE": "tests.services.api.patient",
        }
        environment = run.environment | settings
        _python(environment, "manage.py", "migrate", "--verbosity", "0")
        site = Site(run, environment, json.loads(_python(environment, "-c", SET_UP)))
        for port in site.ports:
            ending.enter_context(_serving(environment, port))
        for process in range(PROCESSES):
            wait_until(lambda: _is_up(site, process), within_s=30, what="a web process")  # noqa: B023
        yield site


def _python(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        check=True,
        timeout=60,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


@contextmanager
def _serving(environment: dict[str, str], port: int) -> Iterator[None]:
    """As the architecture's page starts one more web process."""
    options = ("--lifespan", "off", "--http", "h11", "--ws", "websockets-sansio")
    command = ("-m", "uvicorn", "kyozo.asgi:application", "--port", str(port), *options)
    process = subprocess.Popen(
        [sys.executable, *command, "--log-level", "warning"], cwd=ROOT, env=environment
    )
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def _is_up(site: Site, process: int) -> bool:
    try:
        return site.ask("/health/live", process=process).status == 200
    except OSError:
        return False
