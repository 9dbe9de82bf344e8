"""Kyozo as a person has it: the bin/kyozo command, the addresses it prints, and the engine."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import httpx

from kyozo.platform import credentials, record
from kyozo.platform.credentials import LOCAL
from kyozo.platform.record import Record
from kyozo.platform.state import StateDir
from services.builds.client import DockerCli, find_client
from services.runtimes.base import LABEL_INSTALL, LABEL_SERVICE
from tests.repository import ROOT
from tests.runner.run import Run

# The waits of a deploy, shortened; their own values are for people and networks, not for tests.
SHORT = {
    "KYOZO_SETTLE_S": "1",
    "KYOZO_DRAIN_S": "5",
    "KYOZO_STOP_GRACE_S": "2",
    "KYOZO_GATE_MAX_S": "20",
    "KYOZO_LEASE_S": "12",
    "KYOZO_LEASE_RENEW_S": "3",
    "KYOZO_SWEEP_S": "5",
}
COMMAND_S = 240


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return f"{self.out}\n{self.err}"

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Kyozo:
    """One installation with a state folder, ports and an install label of its own."""

    run: Run
    environment: dict[str, str] = field(repr=False)

    def __call__(self, *arguments: object, timeout: float = COMMAND_S) -> Done:
        done = subprocess.run(
            self._command(*arguments),
            env=self.environment,
            cwd=self.run.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def begin(self, *arguments: object) -> "subprocess.Popen[bytes]":
        """A command that runs beside the test."""
        return subprocess.Popen(
            self._command(*arguments),
            env=self.environment,
            cwd=self.run.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def deploy(self, folder: object, *options: str) -> Done:
        """Deploy, and fail with all that was said if it does not succeed."""
        done = self("deploy", folder, *options)
        assert done.code == 0, done.said
        return done

    def service(self, name: str) -> dict[str, Any]:
        found = self("--json", "status", name)
        assert found.code == 0, found.said
        return dict(found.json)

    def service_id(self, name: str) -> str:
        return next(str(row["id"]) for row in self.ask("/services") if row["name"] == name)

    def url(self, name: str, kind: str = "port") -> str:
        return next(str(url["url"]) for url in self.service(name)["urls"] if url["kind"] == kind)

    def containers(self, name: str) -> list[str]:
        """Engine ids of what runs for a service, whoever started it."""
        of_service = f"label={LABEL_SERVICE}={self.service_id(name)}"
        of_us = f"label={LABEL_INSTALL}={self.environment['KYOZO_INSTALL']}"
        listed = self.docker.query("ps", "-q", "--filter", of_service, "--filter", of_us)
        return sorted(listed.split())

    @property
    def state(self) -> StateDir:
        return StateDir(self.run.folder / "home")

    @property
    def platform(self) -> Record | None:
        return record.living(self.state)

    def ask(self, path: str, **parameters: str) -> Any:
        """GET a path of the team from the platform that runs now, with the command's own token."""
        platform, profile = self.platform, credentials.load(self.state, LOCAL)
        assert platform is not None
        assert profile is not None
        address = f"{platform.url}/api/v1/teams/{profile.team_id}{path}"
        headers = {"X-API-Key": profile.token, "X-Team-ID": profile.team_id}
        answer = httpx.get(address, params=parameters, headers=headers, trust_env=False, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    @cached_property
    def docker(self) -> DockerCli:
        engine = self.environment.get("DOCKER_HOST", "")
        return DockerCli(find_client(self.environment), engine, self.environment)

    @staticmethod
    def _command(*arguments: object) -> list[str]:
        return [str(ROOT / "bin" / "kyozo"), *map(str, arguments)]


def installation(run: Run, *, settings: Mapping[str, str] = SHORT) -> Kyozo:
    return Kyozo(run, run.platform_environment | dict(settings))


def get(url: str, path: str = "/", *, timeout: float = 10) -> httpx.Response:
    """GET from this machine. A browser resolves *.localhost by itself, Python does not."""
    parts = urlsplit(url)
    target = f"http://127.0.0.1:{parts.port}{path}"
    with httpx.Client(trust_env=False, timeout=timeout) as client:
        return client.get(target, headers={"Host": parts.netloc})
