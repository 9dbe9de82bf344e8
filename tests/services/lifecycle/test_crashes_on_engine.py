"""A crash loop on a real engine: taken over from its restart policy, and given back."""

import threading
from collections.abc import Iterator
from typing import Any

import docker
import docker.errors
import pytest
from pytest_django import Settings

from services.lifecycle.config import ReleaseConfig
from services.lifecycle.sweep import settle
from services.models import Service
from services.monitoring import watch
from tests.services.lifecycle.on_engine import bring_up_on_engine, engine_in_use, until
from tests.services.lifecycle.working import only

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(180),
    pytest.mark.django_db(transaction=True),
]
# Ends with 3 until the file is there; long enough after its start to pass the gate.
SHAKY = ("sh", "-c", "echo going down; [ -e /tmp/well ] && exec sleep 600; sleep 3; exit 3")


@pytest.fixture
def client(settings: Settings) -> Iterator[docker.APIClient]:
    settings.KYOZO = {
        **settings.KYOZO,
        "CRASH_PAUSE_S": 1,
        "CRASH_PAUSE_MAX_S": 2,
        "SETTLE_S": 0.2,
        "SWEEP_S": 1,
    }
    with engine_in_use(settings) as made:
        yield made


@pytest.fixture
def watching(client: docker.APIClient) -> Iterator[None]:
    over = threading.Event()
    thread = threading.Thread(target=watch.run, args=(over.is_set,))
    thread.start()
    yield
    over.set()
    repairs = [one for one in threading.enumerate() if one.name == "repairs"]
    for one in (thread, *repairs):
        one.join(timeout=30)


def policy(client: docker.APIClient, service: Service) -> str:
    found: dict[str, Any] = client.inspect_container(only(service).engine_id)
    return str(found["HostConfig"]["RestartPolicy"]["Name"])


def detail(service: Service) -> dict[str, Any]:
    service.refresh_from_db()
    return dict(service.status_detail)


def heal(client: docker.APIClient, service: Service) -> bool:
    """Whether the file could be put there while it ran."""
    try:
        command = client.exec_create(only(service).engine_id, ["sh", "-c", ": > /tmp/well"])
        client.exec_start(command["Id"])
    except docker.errors.APIError:
        return False  # it is down at the moment
    return bool(client.exec_inspect(command["Id"])["ExitCode"] == 0)


def test_a_crash_loop_is_taken_over_and_given_back(
    service: Service, client: docker.APIClient, watching: None, settings: Settings
) -> None:
    shaky = bring_up_on_engine(service, "shaky", ReleaseConfig(command=SHAKY, process="worker"))

    until(lambda: bool(detail(shaky)), within_s=60)

    assert policy(client, shaky) == "no"
    assert shaky.status_detail["exit_code"] == 3
    assert "going down" in shaky.status_detail["log_tail"]

    until(lambda: heal(client, shaky), within_s=60)
    settings.KYOZO = {**settings.KYOZO, "CRASH_WINDOW_S": 3}

    def is_out() -> bool:
        settle(shaky.id)
        return only(shaky).looping_at is None

    until(is_out, within_s=60)
    assert policy(client, shaky) == "unless-stopped"
