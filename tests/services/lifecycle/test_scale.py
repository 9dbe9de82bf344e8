"""Scaling: more or fewer instances of the same release."""

import pytest

from services.errors import InvalidError
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import cancel
from services.lifecycle.scale import scale
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.models import Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import (
    alive,
    at_step,
    carry_out_all,
    change,
    containers,
    done,
    event_types,
    only,
)


def test_scaling_up_adds_instances_and_routes_them(
    running: Service, memory_router: MemoryRouter
) -> None:
    before = only(running)

    operation = done(lambda: scale(running, replicas=3, actor="alice"))

    running.refresh_from_db()
    assert operation.state == "succeeded"
    assert (running.status, running.current_replicas) == ("running", 3)
    assert before in alive(running)
    [route] = memory_router.table.routes
    assert len(route.backends) == 3
    assert len({one.address for one in alive(running)}) == 3


def test_scaling_down_removes_instances(running: Service, engine: FakeRuntime) -> None:
    done(lambda: scale(running, replicas=3, actor="alice"))

    done(lambda: scale(running, replicas=1, actor="alice"))

    assert containers(engine) == {only(running).name}


def test_scaling_is_told_in_events(running: Service) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))

    assert event_types(running)[-3:] == [
        "scaling_started",
        "container_started",
        "scaling_completed",
    ]


def test_a_scaling_that_somebody_cancels_is_told_with_its_kind(running: Service) -> None:
    operation = scale(running, replicas=2, actor="alice")

    with at_step("health", lambda: cancel(operation, actor="bob")):
        carry_out_all()

    told = running.events.get(event_type="deployment_failed")
    assert (told.event_data["kind"], told.event_data["outcome"]) == ("scale", "cancelled")
    assert not told.is_good_news


def test_a_deploy_keeps_the_number_of_replicas(running: Service) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))
    change(running)

    done(lambda: deploy(running, actor="alice"))

    assert [one.release.number for one in alive(running)] == [2, 2]


@pytest.mark.parametrize("replicas", [0, 11])
def test_the_bounds_of_the_service_are_kept(running: Service, replicas: int) -> None:
    with pytest.raises(InvalidError) as refusal:
        scale(running, replicas=replicas, actor="alice")

    assert refusal.value.details == {"replica_count": ["must be between 1 and 10"]}


def test_what_writes_to_a_volume_runs_once_only(running: Service) -> None:
    running.volume_mounts = {"/data": {"source": "data", "type": "volume", "mode": "rw"}}
    running.save(update_fields=["volume_mounts"])
    done(lambda: deploy(running, actor="alice"))
    running.refresh_from_db()

    with pytest.raises(InvalidError) as refusal:
        scale(running, replicas=2, actor="alice")

    assert refusal.value.error_code == "service.single_instance"


def test_scaling_a_stopped_service_counts_from_its_next_start(running: Service) -> None:
    done(lambda: stop(running, actor="alice"))

    operation = done(lambda: scale(running, replicas=2, actor="alice"))
    assert operation.state == "succeeded"
    assert alive(running) == []

    running.refresh_from_db()
    done(lambda: start(running, actor="alice"))
    assert len(alive(running)) == 2
