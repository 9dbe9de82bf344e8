"""A router that somebody else runs: told its routes through a file, never started or ended here."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kyozo.platform import version
from services.errors import RouterError
from services.routing.external import ExternalRouter
from services.routing.ports import any_free
from services.routing.settings import RouterSettings
from services.routing.table import RouteTable
from tests.routing.instances import Instance, ask, table
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def block(tmp_path: Path) -> RouterSettings:
    first = next(n for n in iter(lambda: any_free("127.0.0.1"), 0) if n < 65000)
    return RouterSettings(tmp_path / "router", "127.0.0.1", any_free("127.0.0.1"), (first,))


@pytest.fixture
def external(block: RouterSettings) -> ExternalRouter:
    return ExternalRouter(block, api_port=any_free("127.0.0.1"))


@pytest.fixture
def traefik(external: ExternalRouter) -> Iterator[subprocess.Popen[bytes]]:
    """As the container does it, which reads nothing but these settings."""
    external.publish(RouteTable())
    block = external.settings
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "kyozo.platform.router"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(version.ROOT),
            "TMPDIR": str(block.state_dir.parent),
            "KYOZO_HOME": str(block.state_dir.parent),
            "KYOZO_ROUTER_PORT": str(block.web_port),
            "KYOZO_HTTP_PORTS": f"{block.http_ports[0]}-{block.http_ports[0]}",
            "KYOZO_ROUTER_API_PORT": str(external.status().api_ports[0]),
        },
    ) as process:
        wait_until(lambda: external.status().is_running, within_s=20, what="it answers")
        yield process
        process.terminate()


def test_what_is_published_is_served_and_awaited(
    external: ExternalRouter,
    traefik: subprocess.Popen[bytes],
    instance: Callable[[str], Instance],
) -> None:
    external.ensure_running()
    (port,) = external.settings.http_ports
    wanted = table(instance("127.0.0.2"), port=port)

    external.publish(wanted)
    external.wait_shown(wanted, 30)

    assert ask(port) == (200, "127.0.0.2")
    assert ask(external.settings.web_port) == (200, "127.0.0.2")


def test_stopping_the_platform_leaves_it_running(
    external: ExternalRouter, traefik: subprocess.Popen[bytes]
) -> None:
    external.stop()
    external.close_ports(lambda: ())

    assert traefik.poll() is None
    assert external.start().is_running


def test_its_own_ports_are_known_while_it_is_away(external: ExternalRouter) -> None:
    assert set(external.own_ports) == {external.web_port, *external.status().api_ports}


def test_while_it_is_away_that_is_said(external: ExternalRouter) -> None:
    with pytest.raises(RouterError, match="does not answer"):
        external.ensure_running()
    assert not external.status().is_running


def test_who_cannot_reach_it_asks(block: RouterSettings) -> None:
    asked: list[bool] = []
    router = ExternalRouter(block, api_port=1, ask=lambda: asked.append(True))

    router.ensure_running()

    assert asked == [True]


def test_the_routes_are_there_before_it_is(external: ExternalRouter) -> None:
    """A router that finds no file at its start reads none later."""
    external.publish(RouteTable())

    (file,) = external.settings.state_dir.glob("external/*.yml")
    assert "revision" in json.loads(file.read_text())["http"]["middlewares"]


def test_it_listens_on_its_block_and_no_port_more(external: ExternalRouter) -> None:
    (port,) = external.ports

    external.add_port(port)
    with pytest.raises(RouterError) as caught:
        external.add_port(port + 1)

    assert caught.value.error_code == "router.port_closed"
