"""Drivers for container engines. To add one: a class that meets `Runtime`, and a row here."""

from services.runtimes.base import Runtime

RUNTIMES: dict[str, str] = {
    "docker": "services.runtimes.docker.DockerRuntime",
    "fake": "services.runtimes.fake.FakeRuntime",
    "remote": "services.runtimes.remote.RemoteRuntime",
}

__all__ = ["RUNTIMES", "Runtime"]
