"""Deploying: what changes, what stays, and what runs meanwhile."""

import pytest

from services.errors import ConflictError
from services.lifecycle.deploy import DeployOptions, deploy
from services.lifecycle.remove import remove
from services.lifecycle.stop import stop
from services.lifecycle.update import set_environment
from services.models import Operation, Rollout, Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import (
    at_step,
    carry_out_all,
    change,
    containers,
    done,
    event_types,
    only,
)


def steps(operation: Operation) -> dict[str, str]:
    return dict(operation.steps.values_list("name", "state"))


def test_a_first_deploy_ends_with_a_serving_instance(service: Service, engine: FakeRuntime) -> None:
    operation = done(lambda: deploy(service, actor="alice"))

    service.refresh_from_db()
    assert (operation.state, operation.error) == ("succeeded", {})
    assert set(steps(operation).values()) == {"succeeded"}
    assert (service.status, service.current_replicas, service.health) == ("running", 1, "healthy")
    assert service.deployment_status == "Deployment successful"
    assert only(service).is_routed
    assert containers(engine) == {only(service).name}


def test_a_deploy_tells_its_story_in_events(deployed: Service) -> None:
    assert event_types(deployed) == [
        "deployment_started",
        "container_started",
        "deployment_completed",
    ]


def test_an_instance_is_restarted_by_the_engine_only_once_it_passed_its_gate(
    running: Service, engine: FakeRuntime
) -> None:
    assert engine.engine.find(only(running).engine_id).promoted


def test_the_router_names_the_new_instance_and_no_other(
    running: Service, memory_router: MemoryRouter
) -> None:
    change(running)
    done(lambda: deploy(running, actor="alice"))

    [route] = memory_router.table.routes
    assert [backend.instance_id for backend in route.backends] == [str(only(running).id)]
    assert route.hosts == ("web.alpha.localhost",)


def test_an_unchanged_folder_changes_nothing(running: Service) -> None:
    before = only(running)

    operation = done(lambda: deploy(running, actor="alice"))

    assert operation.result["unchanged"]
    assert steps(operation)["start"] == "skipped"
    assert only(running) == before
    assert running.releases.count() == 1


def test_an_unchanged_service_that_does_not_answer_is_deployed_anew(
    running: Service, engine: FakeRuntime
) -> None:
    before = only(running)
    engine.unhealthy.add(before.engine_id)

    done(lambda: deploy(running, actor="alice"))

    assert only(running) != before


def test_force_replaces_the_instances_although_nothing_changed(running: Service) -> None:
    before = only(running)

    operation = done(lambda: deploy(running, actor="alice", options=DeployOptions(force=True)))

    assert operation.state == "succeeded"
    assert only(running) != before


def test_a_changed_folder_makes_a_new_release(running: Service, engine: FakeRuntime) -> None:
    before = only(running)
    change(running)

    operation = done(lambda: deploy(running, actor="alice"))

    running.refresh_from_db()
    assert operation.result["release"] == 2
    assert running.wanted_release == operation.release
    assert containers(engine) == {only(running).name} != {before.name}


def test_a_changed_variable_makes_a_new_release_without_a_build(deployed: Service) -> None:
    set_colour(deployed)

    done(lambda: deploy(deployed, actor="alice"))

    deployed.refresh_from_db()
    assert only(deployed).release.environment["COLOUR"] == "blue"
    assert deployed.builds.filter(is_cached=True).count() == 1
    assert not deployed.has_pending_changes


def test_a_change_made_during_a_deploy_stays_pending(running: Service) -> None:
    change(running)
    deploy(running, actor="alice")

    with at_step("route", lambda: set_colour(running)):
        carry_out_all()

    running.refresh_from_db()
    assert running.deployment_status == "Deployment successful"
    assert running.has_pending_changes


@pytest.mark.parametrize("is_auto", [False, True])
def test_a_change_while_the_first_release_is_written_is_not_lost(
    service: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch, *, is_auto: bool
) -> None:
    service.deployment_config = {"auto_deploy": is_auto}
    service.save(update_fields=["deployment_config"])
    look = engine.image_volumes

    def changed_meanwhile(ref: str) -> tuple[str, ...]:
        monkeypatch.undo()
        set_colour(service)
        return look(ref)

    monkeypatch.setattr(engine, "image_volumes", changed_meanwhile)

    done(lambda: deploy(service, actor="alice"))

    service.refresh_from_db()
    assert service.has_pending_changes is not is_auto
    assert ("COLOUR" in only(service).release.environment) is is_auto


def set_colour(service: Service) -> None:
    set_environment(service, variables={"COLOUR": "blue"}, secret_names=None, actor="alice")


def test_a_change_and_its_undoing_are_not_pending_after_the_next_deploy(running: Service) -> None:
    set_colour(running)
    set_environment(running, variables={"COLOUR": None}, secret_names=None, actor="alice")

    operation = done(lambda: deploy(running, actor="alice"))

    running.refresh_from_db()
    assert operation.result["unchanged"]
    assert not running.has_pending_changes


def test_a_stopped_service_runs_again_after_a_deploy(running: Service) -> None:
    done(lambda: stop(running, actor="alice"))

    done(lambda: deploy(running, actor="alice"))

    running.refresh_from_db()
    assert running.status == "running"
    assert only(running).is_routed


def test_a_service_that_writes_to_a_volume_never_runs_twice_at_once(
    running: Service, engine: FakeRuntime
) -> None:
    running.volume_mounts = {"/data": {"source": "data", "type": "volume", "mode": "rw"}}
    running.save(update_fields=["volume_mounts"])
    done(lambda: deploy(running, actor="alice"))
    before = only(running)
    change(running)

    done(lambda: deploy(running, actor="alice"))

    retired = running.instances.get(pk=before.pk)
    assert Rollout.objects.order_by("-pk")[0].strategy == "recreate"
    assert retired.removed_at is not None
    assert retired.removed_at <= only(running).created_at
    assert len(engine.engine.volumes) == 1


def test_a_removed_service_cannot_be_deployed(running: Service) -> None:
    remove(running, actor="alice")
    running.refresh_from_db()

    with pytest.raises(ConflictError):
        deploy(running, actor="alice")


def test_what_depends_on_another_starts_after_it(service: Service, own_image: Service) -> None:
    database = deploy(own_image, actor="alice")

    operation = done(lambda: deploy(service, actor="alice", after=[database]))

    database.refresh_from_db()
    assert (database.state, operation.state) == ("succeeded", "succeeded")
    start = operation.steps.get(name="start")
    assert database.ended_at is not None
    assert start.started_at is not None
    assert database.ended_at <= start.started_at
