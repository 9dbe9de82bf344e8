"""Kyozo as compose.yaml brings it up: its parts as containers, and the command against them."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx

from kyozo.cli.upload import pack
from kyozo.platform import secret_files
from services.builds.base_images import catalogue
from services.builds.base_images.workshop import Workshop
from services.builds.client import DockerCli, find_client
from tests.e2e.harness import SHORT, Done
from tests.repository import ROOT
from tests.runner.run import Run
from tests.waiting import wait_until

PROJECT = "kyozo-server-"
PARTS = ("web", "worker-lifecycle", "worker-builds", "clock", "router", "postgres", "redis")
OF_KYOZO = ("web", "worker-lifecycle", "worker-builds", "clock")
BASES = {"python": "kyozo/python:3.11", "postgres": "kyozo/postgres:15", "redis": "kyozo/redis:7"}
SOCKET = Path("/var/run/docker.sock")
UP_S = 180
COMPOSE_S = 300


@dataclass
class Server:
    """One installation: a project of compose with ports, networks and secrets of its own."""

    run: Run
    image: str
    access: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> str:
        return f"{PROJECT}{self.run.id}"

    @property
    def secrets(self) -> Path:
        return self.run.folder / "secrets"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.run.base_port}"

    @cached_property
    def docker(self) -> DockerCli:
        environment = self.run.environment
        return DockerCli(find_client(environment), f"unix://{SOCKET}", environment)

    @property
    def settings(self) -> dict[str, str]:
        first, number = self.run.base_port, (self.run.base_port - 21000) // 50
        network = f"10.200.{number}"
        return {
            **SHORT,
            "KYOZO_DRAIN_S": "2",
            "KYOZO_IMAGE": self.image,
            "KYOZO_POSTGRES_IMAGE": BASES["postgres"],
            "KYOZO_REDIS_IMAGE": BASES["redis"],
            "KYOZO_IMAGE_SOURCE": "local",
            "KYOZO_SECRETS": str(self.secrets),
            "KYOZO_ENGINE_GROUP": str(SOCKET.stat().st_gid),
            "KYOZO_PORT": str(first),
            "KYOZO_ROUTER_PORT": str(first + 1),
            "KYOZO_ROUTER_API_PORT": str(first + 2),
            "KYOZO_HTTP_PORTS": f"{first + 10}-{first + 39}",
            "KYOZO_NETWORKS": "10.192.0.0/13",
            "KYOZO_DATA_SUBNET": f"{network}.0/28",
            "KYOZO_POSTGRES_ADDRESS": f"{network}.2",
            "KYOZO_REDIS_ADDRESS": f"{network}.3",
            "KYOZO_INSTALL": f"test-{self.run.id}",
            "KYOZO_RATE_LIMITS": "false",
            "COMPOSE_PROJECT_NAME": self.project,
        }

    def compose(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """What it wrote to its output; fails with all that it said."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("KYOZO_")}
        done = subprocess.run(
            ["docker-compose", "-f", str(ROOT / "compose.yaml"), *arguments],
            env={**kept, **self.settings, "DOCKER_HOST": f"unix://{SOCKET}"},
            cwd=self.run.folder,  # no .env of somebody's lies here
            input=stdin,
            capture_output=True,
            timeout=COMPOSE_S,
            check=False,
        )
        assert done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace")
        return done.stdout

    def up(self, *options: str) -> None:
        secret_files.make(self.secrets)
        self.compose("up", "-d", *options)
        wait_until(self.is_well, within_s=UP_S, what="every part is healthy", look_every_s=1)

    def down(self) -> None:
        """The containers, networks and volumes of the platform; its services stay."""
        self.compose("down", "--volumes", "--timeout", "20")

    def make_owner(self) -> None:
        lines = self.compose(
            "run", "--rm", "--no-deps", "prepare", "python", "-P", "-m", "kyozo.platform.owner"
        )
        self.access = dict(line.split("=", 1) for line in lines.decode().split())

    def containers(self, part: str) -> list[dict[str, Any]]:
        """Its containers, as the engine shows them."""
        labels = {"project": self.project, "service": part, "oneoff": "False"}
        filters = [f"--filter=label=com.docker.compose.{k}={v}" for k, v in labels.items()]
        ids = self.docker.query("ps", "-aq", *filters).split()
        return list(json.loads(self.docker.query("inspect", *ids))) if ids else []

    def is_well(self, *parts: str) -> bool:
        found = [one for part in parts or PARTS for one in self.containers(part)]
        healthy = [
            one for one in found if one["State"].get("Health", {}).get("Status") == "healthy"
        ]
        return bool(found) and found == healthy

    def kill(self, part: str) -> None:
        """As the kernel does it: to the engine it looks like a crash, and it starts it again."""
        for one in self.containers(part):
            os.kill(int(one["State"]["Pid"]), signal.SIGKILL)

    def memory_mb(self, part: str) -> float:
        (one,) = self.containers(part)
        shown = self.docker.query("stats", "--no-stream", "--format", "{{.MemUsage}}", one["Id"])
        figure = shown.split("/")[0].strip()
        assert figure.endswith("MiB"), shown
        return float(figure.removesuffix("MiB"))

    def kyozo(self, *arguments: object) -> Done:
        done = subprocess.run(
            [str(ROOT / "bin" / "kyozo"), *map(str, arguments)],
            env={**self.run.environment, **self.access, "KYOZO_URL": self.url},
            cwd=self.run.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMPOSE_S,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def deploy(self, place: Path) -> Done:
        done = self.kyozo("deploy", "--upload", place)
        assert done.code == 0, done.said
        return done

    def service(self, name: str) -> dict[str, Any]:
        found = self.kyozo("--json", "status", name)
        assert found.code == 0, found.said
        return dict(found.json)

    def address(self, name: str, kind: str = "port") -> str:
        return next(str(url["url"]) for url in self.service(name)["urls"] if url["kind"] == kind)

    def services_containers(self, name: str) -> list[dict[str, Any]]:
        """What runs for a service, as the engine shows it."""
        wanted = f"label=dev.kyozo.install=test-{self.run.id}"
        ids = self.docker.query("ps", "-q", "--filter", wanted, "--filter", f"name={name}").split()
        return list(json.loads(self.docker.query("inspect", *ids))) if ids else []

    def call(self, method: str, path: str, **given: Any) -> httpx.Response:
        """One request to the team's part of the API."""
        with self.client() as client:
            return client.request(method, path, **given)

    def client(self) -> httpx.Client:
        team, token = self.access["KYOZO_TEAM"], self.access["KYOZO_TOKEN"]
        return httpx.Client(
            base_url=f"{self.url}/api/v1/teams/{team}",
            headers={"Authorization": f"Bearer {token}", "X-Team-ID": team},
            trust_env=False,
            timeout=20,
        )

    def insist(self, method: str, path: str, **given: Any) -> Any:
        """Asked with one key until it is accepted: what a person's program does."""
        key = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        headers = key | given.pop("headers", {})
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = self.call(method, path, headers=headers, **given)
                if answer.status_code < 300:
                    return answer.json()["data"]
                said = f"{answer.status_code} {answer.text}"
            except httpx.HTTPError as exc:
                said = repr(exc)
            assert time.monotonic() < deadline, said
            time.sleep(0.5)

    def workspace(self, name: str) -> str:
        rows = self.insist("GET", "/workspaces", params={"search": name})
        return next(str(row["id"]) for row in rows if row["name"] == name)

    def ask_for_deploy(self, place: Path) -> str:
        """Sent anew and asked for; the operation, which was accepted."""
        workspace = self.workspace(place.name)
        with tempfile.TemporaryFile() as packed:
            pack(place, packed)
            packed.seek(0)
            content = packed.read()
        gzip = {"Content-Type": "application/gzip"}
        self.insist("PUT", f"/workspaces/{workspace}/archive", content=content, headers=gzip)
        (made,) = self.insist("POST", f"/workspaces/{workspace}/deploy", json={})["operations"]
        return str(made["id"])

    def outcome(self, operation: str, *, within_s: float = 120) -> str:
        """How it ended, whoever carried it out."""
        deadline = time.monotonic() + within_s
        while True:
            state = str(self.insist("GET", f"/operations/{operation}")["state"])
            if state not in {"queued", "running", "waiting"}:
                return state
            assert time.monotonic() < deadline, f"still {state}"
            time.sleep(0.5)


@contextmanager
def installed(run: Run) -> Iterator[Server]:
    """The image built, every part up and healthy; nothing of it is left afterwards."""
    server = Server(run, f"kyozo/platform:test-{run.id}")
    run.folder.chmod(0o711)
    _end_leftovers(server.docker)
    try:
        _build(server)
        server.up()
        server.make_owner()
        yield server
    finally:
        _remove(server)


def _end_leftovers(docker: DockerCli) -> None:
    """Of runs that were killed: their folder is gone, and with it the secrets of their parts."""
    for project in {project for project, is_alive in _projects(docker) if not is_alive}:
        of_it = ("--filter", f"label=com.docker.compose.project={project}")
        for kind, listing, removal in (
            ("container", ("ls", "-aq"), ("rm", "-fv")),
            ("network", ("ls", "-q"), ("rm",)),
            ("volume", ("ls", "-q"), ("rm", "-f")),
        ):
            if found := docker.query(kind, *listing, *of_it).split():
                docker.query(kind, *removal, *found, accept=(0, 1))
        run_id = project.removeprefix(PROJECT)
        docker.query("image", "rm", f"kyozo/platform:test-{run_id}", accept=(0, 1))


def _projects(docker: DockerCli) -> Iterator[tuple[str, bool]]:
    ids = docker.query("ps", "-aq", "--filter", "label=com.docker.compose.project").split()
    for one in json.loads(docker.query("inspect", *ids)) if ids else ():
        project = one["Config"]["Labels"]["com.docker.compose.project"]
        secrets = [m["Source"] for m in one["Mounts"] if m["Destination"].startswith("/run/secr")]
        if project.startswith(PROJECT) and secrets:
            yield project, Path(secrets[0]).exists()


def _build(server: Server) -> None:
    shop = Workshop(
        docker=server.docker, state_dir=server.run.folder / "home", environ=dict(os.environ)
    )
    names = [ref.removeprefix("kyozo/") for ref in (*BASES.values(), "kyozo/static:1.22")]
    catalogue.build(names, shop=shop, log=lambda _: None)
    client = server.docker.client
    subprocess.run(
        [
            *client.build_command("--build-arg", f"PYTHON_IMAGE={BASES['python']}"),
            *("--tag", server.image, str(ROOT)),
        ],
        env=client.environment(os.environ, engine_url=f"unix://{SOCKET}"),
        capture_output=True,
        timeout=900,
        check=True,
    )


def _remove(server: Server) -> None:
    if not server.secrets.exists():
        return
    try:
        server.down()
    finally:
        server.docker.query("image", "rm", server.image, accept=(0, 1))
        shutil.rmtree(server.secrets, ignore_errors=True)
