"""A generated compose.yaml, given to each compose that this machine has."""

import os
import secrets
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

from detection import analyze, compose_files
from services.builds.base_images.resolve import Source, resolve
from services.builds.base_images.workshop import Workshop, ensure
from services.builds.client import DockerCli, find_client
from tests.detection import golden

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.enable_socket]

SERVER = """import http.server, os
class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ["GREETING"].encode())
http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Hello).serve_forever()
"""


@lru_cache(maxsize=1)
def environment() -> dict[str, str]:
    """With the client first that can build, for the compose that asks one to."""
    folder = find_client(os.environ).path.parent
    path = f"{folder}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "DOCKER_BUILDKIT": "1", "COMPOSE_DOCKER_CLI_BUILD": "1"}


@lru_cache(maxsize=1)
def composes() -> list[tuple[str, ...]]:
    """The old one, the new one, or both."""
    known: tuple[tuple[str, ...], ...] = (
        ("docker-compose",),
        (str(find_client(os.environ).path), "compose"),
    )
    found = [command for command in known if _answers(command)]
    assert found, "neither docker-compose nor docker compose is on this machine"
    return found


def _answers(command: tuple[str, ...]) -> bool:
    try:
        done = subprocess.run([*command, "version"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def compose(folder: Path, command: tuple[str, ...], *arguments: str) -> str:
    project = ["-p", f"kyozo-test-{folder.name}", "-f", "compose.yaml"]
    done = subprocess.run(
        [*command, *project, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Shop:
    folder: Path
    ports: dict[str, int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / secrets.token_hex(4)
    place.mkdir()
    return place


def test_every_example_is_accepted_by_every_compose(tmp_path: Path) -> None:
    for name in golden.names():
        files = compose_files(golden.analysis_of(name))
        if "services: {}" in files["compose.yaml"]:
            continue
        (tmp_path / name).mkdir()
        write(tmp_path / name, files)
        for found in analyze(golden.EXAMPLES / name / "app").services:
            (tmp_path / name / found.build_context).mkdir(parents=True, exist_ok=True)
        for command in composes():
            compose(tmp_path / name, command, "config", "-q")


@pytest.fixture
def shop(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """An API and a page, on ports of their own, as the compose file that we write for them."""
    docker = DockerCli(find_client(os.environ), environ=os.environ)
    workshop = Workshop(docker, tmp_path_factory.mktemp("state"), os.environ)

    def local(tool: str, version: str | None) -> str:
        ref = resolve(tool, version, source=Source.LOCAL).ref
        ensure([ref], shop=workshop, log=lambda _: None)
        return ref

    write(folder, {"api/main.py": SERVER, "api/requirements.txt": "# the standard library\n"})
    write(folder, {"web/index.html": "<h1>a page</h1>"})
    settings = (
        f"[services.{name}]\nport = {free_port()}\nenv = {{ GREETING = 'cost: $5' }}\n"
        for name in ("api", "web")
    )
    write(folder, {"kyozo.toml": "\n".join(settings)})
    found = analyze(folder)
    write(folder, compose_files(found, base=local))
    yield Shop(folder, {service.name: service.port or 0 for service in found.services})
    for command in composes():
        compose(folder, command, "down", "--rmi", "local", "--volumes", "--timeout", "1")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def answer(port: int) -> str:
    for _ in range(100):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2) as got:
                return str(got.read().decode())
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"nothing answers on port {port}")


def test_what_it_says_can_be_built_and_answers(shop: Shop) -> None:
    for command in composes():
        compose(shop.folder, command, "up", "--detach", "--build")

        assert answer(shop.ports["api"]) == "cost: $5"
        assert "a page" in answer(shop.ports["web"])
