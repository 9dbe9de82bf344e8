"""The base images made on this machine do what their public namesakes do."""

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from services.builds.base_images.catalogue import list_images
from services.builds.base_images.choice import choose_source
from services.builds.base_images.recipes import local_ref
from services.builds.base_images.resolve import Source
from services.builds.base_images.tools import TOOLS
from services.builds.base_images.workshop import Workshop, ensure
from services.builds.client import CommandFailedError, DockerCli, find_client

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600), pytest.mark.enable_socket]

Run = Callable[..., str]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    docker = DockerCli(find_client(os.environ), environ=os.environ)
    return Workshop(docker, tmp_path_factory.mktemp("state"), os.environ)


@pytest.fixture
def run(shop: Workshop) -> Run:
    """Run a command in the first offer of a tool; the image is made if it is not here."""

    def in_image(tool: str, command: Sequence[str], *options: str) -> str:
        ref = local_ref(tool, TOOLS[tool].offers[0].version)
        ensure([ref], shop=shop, log=lambda _: None)
        return shop.docker.query("run", "--rm", *options, ref, *command)

    return in_image


@pytest.mark.parametrize(
    ("tool", "command", "answer"),
    [
        ("python", ["python", "--version"], "Python 3.11"),
        ("python", ["pip", "--version"], "python 3.11"),
        ("python", ["uv", "--version"], "uv "),
        ("python", ["python", "-m", "venv", "/tmp/v"], ""),
        ("node", ["node", "--version"], "v22."),
        ("node", ["npm", "--version"], "10."),
        ("static", ["nginx", "-T"], "listen 80"),
        ("go", ["go", "version"], "go1.26"),
        ("rust", ["cargo", "--version"], "cargo 1.85"),
        ("java", ["javac", "-version"], "javac 17"),
        ("maven", ["mvn", "--version"], "Apache Maven 3"),
        ("ruby", ["bundle", "--version"], "Bundler"),
        ("ruby", ["ruby", "-e", "require 'sinatra/base'; puts RUBY_VERSION"], "3.1"),
        ("php", ["php", "-r", "echo PHP_VERSION, extension_loaded('pdo_pgsql');"], "8.2"),
        ("php", ["composer", "--version"], "Composer"),
    ],
)
def test_the_tool_answers(run: Run, tool: str, command: list[str], answer: str) -> None:
    assert answer in run(tool, command)


def test_ordinary_users_can_use_python(run: Run) -> None:
    assert run("python", ["python", "-c", "import os; print(os.getuid())"], "--user", "10001") == (
        "10001\n"
    )


def test_an_image_trusts_what_the_machine_trusts(run: Run, shop: Workshop) -> None:
    bundle = run("python", ["cat", "/etc/ssl/certs/ca-certificates.crt"])
    local = Path("/usr/local/share/ca-certificates").rglob("*.crt")

    assert "BEGIN CERTIFICATE" in bundle
    assert [path.name for path in local if path.read_text().strip() not in bundle] == []


def test_an_image_that_is_here_is_not_made_again(shop: Workshop) -> None:
    ref = local_ref("python", "3.11")
    first = ensure([ref], shop=shop, log=lambda _: None)
    said: list[str] = []

    assert ensure([ref], shop=shop, log=said.append) == first
    assert said == []


def test_the_list_shows_what_is_here(shop: Workshop) -> None:
    ensure([local_ref("python", "3.11")], shop=shop, log=lambda _: None)

    row = next(row for row in list_images(shop=shop) if row.ref == "kyozo/python:3.11")

    assert (row.is_present, row.is_current, row.source) == (True, True, Source.LOCAL)
    assert row.size_bytes > 50_000_000


def test_a_registry_that_does_not_exist_means_local_images(shop: Workshop) -> None:
    said: list[str] = []

    chosen = choose_source("127.0.0.1:9/nobody/python:3", shop=shop, log=said.append)

    assert chosen is Source.LOCAL
    assert said == ["no image registry answers here: base images are made on this machine"]


@pytest.fixture
def postgres(shop: Workshop) -> Iterator[str]:
    ref = local_ref("postgres", TOOLS["postgres"].offers[0].version)
    ensure([ref], shop=shop, log=lambda _: None)
    name = f"kyozo-test-{secrets.token_hex(4)}"
    settings = ("POSTGRES_USER=me", 'POSTGRES_PASSWORD=it\'s "secret"', 'POSTGRES_DB=my "db"')
    options = [word for setting in settings for word in ("--env", setting)]
    shop.docker.query("run", "--detach", "--name", name, *options, ref)
    yield name
    shop.docker.query("rm", "--force", "--volumes", name)


def test_postgres_understands_the_variables_of_its_public_namesake(
    shop: Workshop, postgres: str
) -> None:
    password = ("--env", 'PGPASSWORD=it\'s "secret"')
    psql = ("psql", "-h", "127.0.0.1", "-U", "me", "-d", 'my "db"', "-tAc", "select current_user")

    assert _patiently(lambda: shop.docker.query("exec", *password, postgres, *psql)) == "me\n"
    with pytest.raises(CommandFailedError):
        shop.docker.query("exec", postgres, *psql[:-2], "-w", "-c", "select 1")


def test_postgres_keeps_its_data_over_a_restart(shop: Workshop, postgres: str) -> None:
    psql = ("exec", postgres, "psql", "-h", "/var/run/postgresql", "-U", "me", "-d", 'my "db"')
    _patiently(lambda: shop.docker.query(*psql, "-c", "create table kept (n int)"))

    shop.docker.query("restart", postgres)

    assert _patiently(lambda: shop.docker.query(*psql, "-tAc", "select count(*) from kept")) == (
        "0\n"
    )


def _patiently(ask: Callable[[], str]) -> str:
    """The answer of a server that may still be starting."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask()
        except CommandFailedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
