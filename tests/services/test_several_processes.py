"""Workers as processes of their own: two of a queue at once, and one that is told to end."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from services.lifecycle.claims import claim
from services.lifecycle.deploy import deploy
from services.lifecycle.places import CLOSING
from services.lifecycle.recover import drop_ended_trees, hand_back
from services.lifecycle.run import run_next
from services.models import Build, BuildState, Operation, OperationState, Queue, Service
from services.models import Workspace as WorkspaceRow
from tests.conftest import Person
from tests.factories import make_folder, make_service, make_workspace
from tests.repository import ROOT
from tests.runner import run as runs
from tests.runner import servers
from tests.runner.run import Run
from tests.services.lifecycle.working import carry_out_all
from tests.waiting import wait_until

Hire = Callable[..., "subprocess.Popen[bytes]"]


def test_what_a_process_holds_is_handed_back(service: Service) -> None:
    """Its next holder waits for no lease, and it is fenced out itself."""
    held = claim(service.id)
    assert held is not None

    assert hand_back() == 1

    assert not held.renew()
    assert claim(service.id) is not None


def test_what_another_process_holds_is_left_to_it(service: Service) -> None:
    """In two containers of one machine both may have this host's name and this number."""
    held = claim(service.id)
    assert held is not None
    host, pid, _ = held.worker.rsplit(":", 2)
    Service.objects.filter(pk=service.pk).update(claimed_by=f"{host}:{pid}:1")

    assert hand_back() == 0


def test_a_worker_that_ends_begins_nothing_new(service: Service) -> None:
    deploy(service, actor="alice")
    CLOSING.set()
    try:
        assert run_next(Queue.BUILDS) == 0
    finally:
        CLOSING.clear()

    carry_out_all()
    assert Operation.objects.get().state == OperationState.SUCCEEDED


def test_copies_of_builds_that_ended_go_and_others_stay(service: Service, state_dir: Path) -> None:
    deploy(service, actor="alice")
    operation = Operation.objects.get()
    made = [
        Build.objects.create(service=service, operation=operation, state=state)
        for state in (BuildState.RUNNING, BuildState.FAILED)
    ]
    for build in made:
        (state_dir / "trees" / build.id.hex).mkdir(parents=True)
    (state_dir / "trees" / "a.index").write_text("index")

    drop_ended_trees()

    left = {path.name for path in (state_dir / "trees").iterdir()}
    assert left == {made[0].id.hex, "a.index"}


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with runs.begin() as run:
        servers.start_redis(run)
        yield run


def database_url() -> str:
    this = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{this['NAME']}"
    return f"postgresql://{this['USER']}@{this['HOST']}:{this['PORT']}/{this['NAME']}"


@pytest.fixture
def hire(run: Run, tmp_path: Path) -> Iterator[Hire]:
    """`hire("builds", LEASE_S=600)` is one more worker of that queue, ready to work."""
    hired: list[subprocess.Popen[bytes]] = []

    def begin(queue: str, *options: str, **settings: object) -> "subprocess.Popen[bytes]":
        log = tmp_path / f"{queue}-{len(hired)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "kyozo.platform.worker", "--queue", queue, *options],
                cwd=ROOT,
                env=os.environ
                | {
                    "DATABASE_URL": database_url(),
                    "KYOZO_BROKER_URL": servers.redis_url(run),
                    "KYOZO_ENCRYPTION_KEYS": os.environ["KYOZO_SECRET_KEY"],
                    "KYOZO_DESK": desk,
                    "KYOZO_DESK_SECRET": "s",
                    "KYOZO_LOG_LEVEL": "INFO",
                    "KYOZO_SETTLE_S": "0.1",
                    "KYOZO_DRAIN_S": "0.1",
                    "TMPDIR": str(tmp_path),
                }
                | {f"KYOZO_{name}": str(value) for name, value in settings.items()},
                stdout=file,
                stderr=file,
            )
        hired.append(process)
        wait_until(lambda: b"is worked on" in log.read_bytes(), within_s=30, what="it is ready")
        return process

    # The path of a socket is short, and that of a test's own folder need not be.
    with tempfile.TemporaryDirectory() as desk:
        yield begin
        for process in hired:
            process.kill()
            process.wait()


@pytest.fixture
def asked(alice: Person, tmp_path: Path) -> Callable[[int], list[Service]]:
    """So many services, and a deploy of each that waits."""

    def make(count: int) -> list[Service]:
        found = []
        for number in range(count):
            (tmp_path / f"app-{number}").mkdir()
            root = str(make_folder(tmp_path / f"app-{number}"))
            workspace: WorkspaceRow = make_workspace(alice.team, name=f"app-{number}", root=root)
            service = make_service(alice.team, workspace=workspace, name=f"web-{number}")
            deploy(service, actor="alice")
            found.append(service)
        return found

    return make


def states() -> set[str]:
    return set(Operation.objects.values_list("state", flat=True))


@pytest.mark.redis
@pytest.mark.timeout(120)
@pytest.mark.django_db(transaction=True)
def test_two_workers_of_each_queue_do_everything_once(
    hire: Hire, asked: Callable[[int], list[Service]], wakes: None
) -> None:
    for queue in ("builds", "builds", "lifecycle", "lifecycle"):
        hire(queue)

    asked(12)
    wait_until(
        lambda: states() == {OperationState.SUCCEEDED}, within_s=60, what="all of them are done"
    )

    assert set(Operation.objects.values_list("attempts", flat=True)) <= {1, 2}
    assert Build.objects.count() == 12
    # A worker lets go of the service after it has written how the operation ended.
    claimed = Service.objects.exclude(claimed_by="")
    wait_until(lambda: not claimed.all().exists(), within_s=20, what="nobody holds a service")


@pytest.mark.redis
@pytest.mark.timeout(120)
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_is_told_to_end_hands_back_what_it_did_not_finish(
    hire: Hire, asked: Callable[[int], list[Service]], wakes: None
) -> None:
    """The lease is longer than the test: nobody could go on who had to wait for its end."""
    hire("builds", LEASE_S=600)
    first = hire("lifecycle", "--finish", "1", LEASE_S=600, SETTLE_S=300)
    asked(1)
    wait_until(
        lambda: Operation.objects.filter(step="settle").exists(), within_s=30, what="it settles"
    )

    first.send_signal(signal.SIGTERM)
    assert first.wait(15) == 0

    assert states() == {OperationState.RUNNING}
    assert Service.objects.get().claimed_by == ""
    hire("lifecycle", LEASE_S=600)
    ended = {OperationState.SUCCEEDED, OperationState.FAILED}
    wait_until(lambda: states() <= ended, within_s=30, what="another one goes on with it")


@pytest.mark.redis
@pytest.mark.timeout(120)
@pytest.mark.django_db(transaction=True)
def test_a_worker_without_work_ends_at_once(hire: Hire, db: None) -> None:
    for queue in ("builds", "lifecycle"):
        process = hire(queue)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


@pytest.fixture
def wakes(run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A clock's ticks, sent through the Redis of the run."""
    from kyozo.celery import app  # noqa: PLC0415

    ended = threading.Event()

    def send() -> None:
        with app.connection_for_write(servers.redis_url(run)) as broker:
            while not ended.wait(0.5):
                for name, queue in (("run_builds", "builds"), ("run_lifecycle", "lifecycle")):
                    task = f"services.lifecycle.tasks.{name}"
                    app.send_task(task, queue=queue, connection=broker, expires=2)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    yield
    ended.set()
    thread.join()
