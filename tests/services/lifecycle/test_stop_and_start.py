"""Stopping, starting again and removing: what ends, what stays, what is let go."""

import pytest

from services.errors import ConflictError, DeployError
from services.lifecycle.config import ReleaseConfig
from services.lifecycle.deploy import deploy
from services.lifecycle.remove import remove
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.models import HostPort, Service
from services.routing.memory import MemoryRouter
from services.runtimes.base import Mount
from services.runtimes.fake import FakeRuntime
from tests.factories import make_release, make_service
from tests.services.lifecycle.working import (
    alive,
    at_step,
    carry_out_all,
    containers,
    done,
    event_types,
    only,
)


@pytest.fixture
def stopped(running: Service) -> Service:
    done(lambda: stop(running, actor="alice"))
    running.refresh_from_db()
    return running


def test_stopping_ends_all_instances_and_empties_the_route(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    operation = done(lambda: stop(running, actor="alice"))

    running.refresh_from_db()
    assert operation.state == "succeeded"
    assert (running.status, running.wanted_state, running.health) == (
        "stopped",
        "stopped",
        "unknown",
    )
    assert containers(engine) == set()
    [route] = memory_router.table.routes
    assert route.backends == ()
    assert event_types(running)[-1] == "container_stopped"
    assert all(event.is_good_news for event in running.events.all())


def test_stopping_waits_for_open_connections_up_to_the_limit(
    running: Service, engine: FakeRuntime
) -> None:
    instance = only(running)
    assert instance.address
    engine.open_connections[instance.address, 8000] = 1
    port = int(instance.release.config["http_port"])
    engine.open_connections[instance.address, port] = 1

    operation = done(lambda: stop(running, actor="alice"))

    assert operation.started_at is not None
    assert operation.ended_at is not None
    assert (operation.ended_at - operation.started_at).total_seconds() > 0.3


def test_stopping_twice_is_harmless(stopped: Service) -> None:
    assert stop(stopped, actor="alice") is None


def test_a_stopped_service_keeps_its_port(stopped: Service) -> None:
    assert HostPort.objects.filter(service=stopped).count() == 1


def test_starting_runs_the_same_release_again(stopped: Service) -> None:
    operation = done(lambda: start(stopped, actor="alice"))

    stopped.refresh_from_db()
    assert operation.state == "succeeded"
    assert stopped.status == "running"
    assert only(stopped).release.number == 1
    assert only(stopped).is_routed


def test_starting_what_never_ran_deploys_it(service: Service) -> None:
    operation = done(lambda: start(service, actor="alice"))

    assert (operation.kind, operation.state) == ("deploy", "succeeded")


def test_a_start_that_does_not_get_healthy_says_why(stopped: Service, engine: FakeRuntime) -> None:
    assert stopped.wanted_release is not None
    stopped.wanted_release.config["health"] = {
        "type": "http",
        "interval_seconds": 1,
        "retries": 1,
        "start_period_seconds": 0,
    }
    stopped.wanted_release.save()
    engine.unhealthy.add(stopped.wanted_release.image_digest)

    operation = done(lambda: start(stopped, actor="alice"))

    assert operation.error["code"] == "deploy.not_healthy"
    assert DeployError.status == 422


def test_a_stop_ends_a_start_that_is_not_done(stopped: Service, engine: FakeRuntime) -> None:
    assert stopped.wanted_release is not None
    engine.unhealthy.add(stopped.wanted_release.image_digest)
    operation = start(stopped, actor="alice")

    with at_step("health", lambda: stop(stopped, actor="bob")):
        carry_out_all()

    assert operation is not None
    operation.refresh_from_db()
    stopped.refresh_from_db()
    assert operation.state == "cancelled"
    assert stopped.status == "stopped"
    assert containers(engine) == set()


def test_a_removed_service_is_gone_at_once_and_its_instances_follow(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    operation = remove(running, actor="alice")
    assert not Service.objects.visible_to(running.team).filter(pk=running.pk).exists()
    assert alive(running) != []

    carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert containers(engine) == set()
    assert memory_router.table.routes == ()
    assert not HostPort.objects.filter(service=running).exists()


def test_the_name_of_a_removed_service_is_free_at_once(running: Service) -> None:
    remove(running, actor="alice")

    again = make_service(running.team, workspace=running.workspace, name=running.name)

    assert list(Service.objects.visible_to(running.team)) == [again]


def test_removing_keeps_the_volumes(running: Service, engine: FakeRuntime) -> None:
    running.volume_mounts = {"/data": {"source": "data", "type": "volume", "mode": "rw"}}
    running.save(update_fields=["volume_mounts"])
    done(lambda: deploy(running, actor="alice"))

    done(lambda: remove(running, actor="alice"))

    assert containers(engine) == set()
    assert len(engine.engine.volumes) == 1


def test_volumes_go_when_a_person_says_so_but_for_those_that_others_mount(
    running: Service, own_image: Service, engine: FakeRuntime
) -> None:
    own_image.workspace = running.workspace
    mounts = {f"/{name}": {"source": name, "type": "volume"} for name in ("mine", "ours")}
    running.volume_mounts = mounts
    running.save(update_fields=["volume_mounts"])
    done(lambda: deploy(running, actor="alice"))
    shared = ReleaseConfig(mounts=(Mount(target="/there", source="ours"),))
    make_release(own_image, config=shared.to_json())
    own_image.save(update_fields=["workspace"])
    engine.ensure_volume("of-another-install", labels={})

    done(lambda: remove(running, actor="alice", volumes=True))

    left = {name.rpartition("-")[2] for name in engine.engine.volumes}
    assert left == {"ours", "install"}


def test_a_removed_service_cannot_be_started(running: Service) -> None:
    remove(running, actor="alice")
    running.refresh_from_db()

    with pytest.raises(ConflictError):
        start(running, actor="alice")


def test_removing_during_a_deploy_ends_both(service: Service, engine: FakeRuntime) -> None:
    operation = deploy(service, actor="alice")

    with at_step("build", lambda: remove(service, actor="bob")):
        carry_out_all()

    operation.refresh_from_db()
    service.refresh_from_db()
    assert operation.state == "cancelled"
    assert service.wanted_state == "removed"
    assert containers(engine) == set()
