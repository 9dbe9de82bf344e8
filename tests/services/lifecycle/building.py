"""The build step on a real engine: a folder's Dockerfile, a deploy's first steps, their log."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_django import Settings

from services.builds.client import find_client
from services.lifecycle import engine as engine_module
from services.lifecycle.deploy import DeployOptions, deploy
from services.lifecycle.operations import take
from services.lifecycle.run import carry_out
from services.models import Build, Operation, Queue, Service

ENGINE = os.environ.get("KYOZO_TEST_ENGINE", "unix:///var/run/docker.sock")
INSTALL = "test-images"


def docker(*arguments: str, given: str | None = None) -> str:
    command = [str(find_client(os.environ).path), *arguments]
    environ = {**os.environ, "DOCKER_HOST": ENGINE}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, input=given
    )
    return done.stdout.strip()


@contextmanager
def engine_that_builds(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Whatever was made is removed at the end."""
    settings.KYOZO = {
        **settings.KYOZO,
        "RUNTIME": "docker",
        "ENGINE_URL": ENGINE,
        "ENGINE_TIMEOUT_S": 30,
        "INSTALL": INSTALL,
        "IMAGE_SOURCE": "local",
        "HOME": tmp_path / "home",
        "BUILD_S": 240,
    }
    engine_module.forget()
    yield
    made = docker("images", "--quiet", "--filter", f"label=dev.kyozo.install={INSTALL}").split()
    if made:
        docker("image", "rm", "--force", *set(made))


def without_base(service: Service) -> Service:
    """A Dockerfile that needs no base image."""
    dockerfile(service, 'FROM scratch\nCOPY hello.txt /\nEXPOSE 8000\nCMD ["/hello"]\n')
    (Path(service.workspace.root) / "hello.txt").write_text("hello")
    return service


def dockerfile(service: Service, text: str) -> None:
    (Path(service.workspace.root) / "Dockerfile").write_text(text)


def build(service: Service, **options: bool) -> tuple[Operation, Build]:
    """The first two steps of a deploy."""
    operation = deploy(service, actor="alice", options=DeployOptions(**options))
    taken = take(Queue.BUILDS)
    assert taken is not None
    carry_out(taken)
    operation.refresh_from_db()
    made = service.builds.get(operation=operation)
    if operation.is_open:
        Operation.objects.filter(pk=operation.pk).update(state="cancelled")
    return operation, made


def log_of(made: Build) -> str:
    return "".join(made.chunks.values_list("text", flat=True))
