"""Short times, the fake engine, and a service that has been deployed once."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from pytest_django import Settings

from services.lifecycle.deploy import deploy
from services.lifecycle.engine import router, runtime
from services.models import Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.conftest import Person
from tests.factories import make_service, make_workspace
from tests.services.lifecycle.working import bring_up, carry_out_all

if TYPE_CHECKING:
    from services.models import Workspace

SHORT = {
    "MODE": "embedded",
    "SETTLE_S": 0,
    "DRAIN_S": 0.3,
    "STOP_GRACE_S": 0,
    "GATE_MAX_S": 10,
    "LEASE_S": 600,
    # Longer than any test: a renewal by another thread would wait for the test's transaction.
    "LEASE_RENEW_S": 3600,
    "ENGINE_TIMEOUT_S": 1,
}


@pytest.fixture(autouse=True)
def _short_times(settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, **SHORT}


@pytest.fixture
def engine() -> FakeRuntime:
    return cast("FakeRuntime", runtime())


@pytest.fixture
def memory_router() -> MemoryRouter:
    return cast("MemoryRouter", router())


@pytest.fixture
def running(service: Service) -> Service:
    """Alice's service `web`, its release 1 serving; a deploy's traces are left out, to be quick."""
    bring_up(service)
    return service


@pytest.fixture
def deployed(service: Service) -> Service:
    """The same after a real deploy, with its operation, build, rollout and events."""
    deploy(service, actor="alice")
    carry_out_all()
    service.refresh_from_db()
    return service


@pytest.fixture
def own_image(alice: Person, tmp_path: Path) -> Service:
    """A folder with a Dockerfile of its own, so that `overrides` can say what it starts."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "Dockerfile").write_text('FROM scratch\nEXPOSE 8000\nCMD ["/server"]\n')
    workspace: Workspace = make_workspace(alice.team, name="own", root=str(folder))
    return make_service(alice.team, workspace=workspace, name="own")
