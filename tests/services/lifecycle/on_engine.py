"""Services on a real engine: rows as after a deploy, containers of a tiny image, no builds."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import docker
from pytest_django import Settings

from services.lifecycle import engine as engine_module
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.engine import router, runtime
from services.lifecycle.sweep import settle
from services.models import Service, WantedState
from services.runtimes.base import LABEL_INSTALL
from tests.factories import make_release, make_service
from tests.runtimes.busybox import ensure_image

ENGINE = os.environ.get("KYOZO_TEST_ENGINE", "unix:///var/run/docker.sock")
INSTALL = "test-lifecycle"
NETWORKS = "10.223.0.0/16"


@contextmanager
def engine_in_use(settings: Settings) -> Iterator[docker.APIClient]:
    """The real engine beside the router in memory; whatever was made is removed at the end."""
    router()  # made while the fake runtime is configured, so it stays the one in memory
    settings.KYOZO = {
        **settings.KYOZO,
        "RUNTIME": "docker",
        "ENGINE_URL": ENGINE,
        "ENGINE_TIMEOUT_S": 20,
        "LEASE_S": 60,
        "INSTALL": INSTALL,
        "NETWORKS": NETWORKS,
    }
    engine_module.runtime.cache_clear()
    client = docker.APIClient(base_url=ENGINE, version="auto")
    try:
        yield client
    finally:
        clean_up(client)
        client.close()
        runtime().close()  # type: ignore[attr-defined]


def clean_up(client: docker.APIClient) -> None:
    ours = {"label": f"{LABEL_INSTALL}={INSTALL}"}
    for row in client.containers(all=True, filters=ours):
        client.remove_container(row["Id"], force=True, v=True)
    for network in client.networks(filters=ours):
        client.remove_network(network["Id"])


def bring_up_on_engine(beside: Service, name: str, config: ReleaseConfig) -> Service:
    """A service of the same team that runs the tiny image as `config` says."""
    image = ensure_image(ENGINE)
    service = make_service(beside.team, workspace=beside.workspace, name=name)
    service.wanted_release = make_release(
        service, image_ref=image, image_digest=image, config=config.to_json()
    )
    service.wanted_state, service.generation = WantedState.RUNNING, 1
    service.save(update_fields=["wanted_release", "wanted_state", "generation"])
    settle(service.id)
    service.refresh_from_db()
    return service


def until(true: Callable[[], bool], *, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
