"""An empty PostgreSQL becomes an installation: by `prepare`, and its first token by `owner`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers

pytestmark = [pytest.mark.redis, pytest.mark.timeout(180)]

Environment = dict[str, str]


@pytest.fixture(scope="module")
def server() -> Iterator[Environment]:
    """A PostgreSQL of the module's own, and what leads to it."""
    with runs.begin() as run:
        found = servers.start(run)
        try:
            yield {
                "DATABASE_URL": found["DATABASE_URL"],
                "KYOZO_BROKER_URL": servers.redis_url(run),
                "KYOZO_HOME": str(run.folder / "home"),
            }
        finally:
            servers.stop_postgres(run)


@pytest.fixture
def empty(server: Environment) -> Environment:
    with psycopg.connect(server["DATABASE_URL"], autocommit=True) as database:
        database.execute("DROP SCHEMA public CASCADE")
        database.execute("CREATE SCHEMA public")
    return server


def begin(part: str, environment: Environment) -> "subprocess.Popen[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KYOZO_")}
    secrets = {"KYOZO_SECRET_KEY": "a", "KYOZO_ENCRYPTION_KEYS": "b"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", f"kyozo.platform.{part}"],
        env=kept | environment | secrets | {"PYTHONPATH": str(ROOT)},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_to_the_end(part: str, environment: Environment) -> str:
    with begin(part, environment) as process:
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    return out


def pending(environment: Environment) -> int:
    with psycopg.connect(environment["DATABASE_URL"]) as database:
        row = database.execute("SELECT count(*) FROM django_migrations WHERE app = 'services'")
        applied = int((row.fetchone() or (0,))[0])
    there_are = len(list((ROOT / "services" / "migrations").glob("0*.py")))
    return there_are - applied


def test_two_at_once_prepare_one_database(empty: Environment) -> None:
    """As two machines' upgrades, or one that was started twice."""
    both = [begin("prepare", empty) for _ in range(2)]

    said = [process.communicate(timeout=90)[1] for process in both]

    assert [process.returncode for process in both] == [0, 0], said
    assert pending(empty) == 0


def test_it_is_harmless_again_and_writes_the_routers_file(empty: Environment) -> None:
    run_to_the_end("prepare", empty)
    run_to_the_end("prepare", empty)

    assert pending(empty) == 0
    assert (Path(empty["KYOZO_HOME"]) / "router" / "external" / "routes.yml").stat().st_size


def test_the_first_token_is_made_when_somebody_asks(empty: Environment) -> None:
    run_to_the_end("prepare", empty)
    first = dict(line.split("=", 1) for line in run_to_the_end("owner", empty).split())
    second = dict(line.split("=", 1) for line in run_to_the_end("owner", empty).split())

    assert set(first) == {"KYOZO_TEAM", "KYOZO_TOKEN"}
    assert first["KYOZO_TEAM"] == second["KYOZO_TEAM"]
    assert first["KYOZO_TOKEN"] != second["KYOZO_TOKEN"]
    with psycopg.connect(empty["DATABASE_URL"]) as database:
        stored = database.execute("SELECT t::text FROM teams_apitoken t").fetchall()
    assert len(stored) == 2
    assert not any(first["KYOZO_TOKEN"] in row for (row,) in stored)
