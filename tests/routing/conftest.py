"""A real router with a block of four ports, and instances on addresses of the loopback network."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services.routing.ports import any_free
from services.routing.settings import RouterSettings
from services.routing.traefik import TraefikRouter
from tests.routing.instances import Instance


@pytest.fixture
def settings(tmp_path: Path) -> RouterSettings:
    ports = sorted({any_free("127.0.0.1") for _ in range(5)})
    return RouterSettings(
        tmp_path / "router", "127.0.0.1", ports[0], tuple(ports[1:]), stop_grace_s=1
    )


@pytest.fixture
def router(settings: RouterSettings) -> Iterator[TraefikRouter]:
    router = TraefikRouter(settings)
    router.start()
    yield router
    router.stop()


@pytest.fixture
def instance() -> Iterator[Callable[[str], Instance]]:
    made: list[Instance] = []

    def make(address: str) -> Instance:
        made.append(Instance(address))
        return made[-1]

    yield make
    for each in made:
        each.kill()
