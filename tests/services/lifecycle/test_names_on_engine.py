"""Names and replacements on a real engine: who is found, and that no connection is cut."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace

import docker
import pytest
from pytest_django import Settings

from services.lifecycle import names
from services.lifecycle.claims import claim
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.sweep import settle
from services.models import Instance, Service
from tests.runtimes.worlds import resolve
from tests.services.lifecycle.on_engine import bring_up_on_engine, engine_in_use
from tests.services.lifecycle.working import only

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180), pytest.mark.enable_socket]

# A raw TCP service, as a database is one: it echoes whatever it is told.
ECHO = ("sh", "-c", "while true; do nc -l -p 9000 -e /bin/cat; done")
DATABASE = ReleaseConfig(
    check_port=9000,
    command=ECHO,
    process="database",
    health={"enabled": True, "type": "tcp", "port": 9000, "retries": 1},
)
ASKER = ReleaseConfig(command=("sleep", "600"), process="worker")


@pytest.fixture
def client(settings: Settings) -> Iterator[docker.APIClient]:
    settings.KYOZO = {**settings.KYOZO, "SETTLE_S": 0.2, "SWEEP_S": 1}
    with engine_in_use(settings) as made:
        yield made


@pytest.fixture
def asker(service: Service, client: docker.APIClient) -> str:
    """A container of the same team, to ask from."""
    return only(bring_up_on_engine(service, "asker", ASKER)).engine_id


def test_a_database_is_found_once_it_answers(
    service: Service, client: docker.APIClient, asker: str
) -> None:
    silent = replace(DATABASE, command=("sleep", "600"))
    waiting = bring_up_on_engine(service, "silent", silent)
    database = bring_up_on_engine(service, "database", DATABASE)

    assert resolve(client, "silent", asked_by=asker) == set()
    assert not only(waiting).is_gated
    assert resolve(client, "database", asked_by=asker) == {only(database).address}


def test_an_unhealthy_one_is_replaced_and_only_the_new_one_is_found(
    service: Service, client: docker.APIClient, asker: str
) -> None:
    database = bring_up_on_engine(service, "database", DATABASE)
    before = only(database)
    Instance.objects.filter(pk=before.pk).update(health="unhealthy")

    settle(database.id)

    after = only(database)
    assert (after.is_gated, after.address != before.address) == (True, True)
    assert resolve(client, "database", asked_by=asker) == {after.address}


def test_a_connection_lives_through_a_change_of_names(
    service: Service, client: docker.APIClient, asker: str
) -> None:
    database = bring_up_on_engine(service, "database", DATABASE)
    row = only(database)
    fence = claim(database.id)
    assert fence is not None
    assert row.address is not None
    with socket.create_connection((row.address, 9000), timeout=20) as open_one:
        over = threading.Event()
        talk = threading.Thread(target=keep_talking, args=(open_one, over))
        talk.start()

        names.hide(row, fence=fence)
        assert resolve(client, "database", asked_by=asker) == set()
        names.show(row, fence=fence)

        over.set()
        talk.join(timeout=30)
        open_one.sendall(b"still there")
        assert open_one.recv(100) == b"still there"
    fence.release()
    assert resolve(client, "database", asked_by=asker) == {row.address}


def keep_talking(connection: socket.socket, over: threading.Event) -> None:
    while not over.is_set():
        connection.sendall(b"x")
        assert connection.recv(1) == b"x"
