"""Engines for the tests of the drivers: a real one at KYOZO_TEST_ENGINE, and the fake."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from services.runtimes import proc_route
from services.runtimes.docker import DockerRuntime
from services.runtimes.fake import FakeRuntime
from tests.runtimes.busybox import ensure_image
from tests.runtimes.worlds import DockerWorld, FakeWorld, World

# Each test gets a subnet of its own: an engine frees one only some time after its network is gone.
_octets = itertools.count(os.getpid() % 100)


def free_octet() -> int:
    """Of a subnet that no run before, which was killed, has left a network in."""
    table = Path("/proc/net/route").read_text(encoding="ascii")
    octets = (number % 200 for number in _octets)
    return next(o for o in octets if not proc_route.holder(f"10.222.{o}.0/24", table))


@pytest.fixture
def engine_url() -> str:
    return os.environ.get("KYOZO_TEST_ENGINE", "unix:///var/run/docker.sock")


@pytest.fixture
def docker_world(engine_url: str) -> Iterator[DockerWorld]:
    world = DockerWorld(
        runtime=DockerRuntime(engine_url, timeout_s=20),
        client=docker.APIClient(base_url=engine_url, version="auto"),
        image=ensure_image(engine_url),
        octet=free_octet(),
    )
    try:
        world.runtime.ensure_network(world.network, labels=world.labels)
        yield world
    finally:
        world.clean_up()


@pytest.fixture
def fake_world() -> Iterator[FakeWorld]:
    world = FakeWorld(runtime=FakeRuntime(), image="kyozo-test/busybox:1", octet=1)
    world.runtime.ensure_network(world.network, labels=world.labels)
    yield world
    world.clean_up()


@pytest.fixture(
    params=[
        pytest.param("fake_world", id="fake"),
        pytest.param(
            "docker_world", id="docker", marks=[pytest.mark.docker, pytest.mark.timeout(180)]
        ),
    ]
)
def world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found
