"""Deploys that fail: what they say, and that the old release serves on."""

import re
from pathlib import Path

import pytest
from pytest_django import Settings

from services.errors import EngineError, RouterError
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import cancel
from services.lifecycle.start import start
from services.lifecycle.stop import stop
from services.lifecycle.sweep import sweep_services
from services.models import Service
from services.routing.memory import MemoryRouter
from services.runtimes.base import RunResult
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import (
    alive,
    at_step,
    carry_out_all,
    change,
    containers,
    crash_on_start,
    done,
    event_types,
    never_healthy,
    only,
)


def test_a_release_that_crashes_leaves_the_old_one_serving(
    own_image: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    before = only(own_image)
    crash_on_start(own_image, engine, "ModuleNotFoundError: No module named 'flask'")

    operation = done(lambda: deploy(own_image, actor="alice"))

    own_image.refresh_from_db()
    assert operation.state == "failed"
    assert only(own_image) == before
    assert own_image.wanted_release == before.release
    assert (own_image.status, own_image.current_replicas) == ("running", 1)
    assert own_image.deployment_status.startswith("Deployment failed: the app exited with code 3")
    [route] = memory_router.table.routes
    assert [backend.instance_id for backend in route.backends] == [str(before.id)]


def test_a_failed_deploy_says_why_and_what_to_do(own_image: Service, engine: FakeRuntime) -> None:
    crash_on_start(own_image, engine, "ModuleNotFoundError: No module named 'flask'")

    operation = done(lambda: deploy(own_image, actor="alice"))

    error = operation.error
    assert error["code"] == "deploy.instance_failed"
    assert (error["exit_code"], error["oom"], error["stage"]) == (3, False, "health")
    assert error["log_tail"] == ["ModuleNotFoundError: No module named 'flask'"]
    assert "requirements" in error["fix"]
    assert event_types(own_image)[-1] == "deployment_failed"


def test_out_of_memory_is_named(own_image: Service, engine: FakeRuntime) -> None:
    crash_on_start(own_image, engine)
    engine.programs["crash"] = RunResult(exit_code=137, output="", oom_killed=True)

    operation = done(lambda: deploy(own_image, actor="alice"))

    assert operation.error["oom"]
    assert operation.error["message"] == "the app ran out of memory while starting"
    assert "memory_mb" in operation.error["fix"]


def test_a_first_deploy_that_fails_leaves_nothing(own_image: Service, engine: FakeRuntime) -> None:
    crash_on_start(own_image, engine)

    operation = done(lambda: deploy(own_image, actor="alice"))

    own_image.refresh_from_db()
    assert containers(engine) == set()
    assert alive(own_image) == []
    assert (own_image.status, own_image.wanted_state) == ("error", "new")
    assert own_image.status_reason == operation.error["message"]
    assert own_image.wanted_release is None


def test_a_first_deploy_can_succeed_after_a_failed_one(
    own_image: Service, engine: FakeRuntime
) -> None:
    crash_on_start(own_image, engine)
    done(lambda: deploy(own_image, actor="alice"))
    Service.objects.filter(pk=own_image.pk).update(overrides={})
    own_image.refresh_from_db()

    operation = done(lambda: deploy(own_image, actor="alice"))

    assert operation.state == "succeeded"


def test_a_release_that_is_never_healthy_is_given_up(
    running: Service, engine: FakeRuntime, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "GATE_MAX_S": 1}
    before = only(running)
    never_healthy(running, engine)

    operation = done(lambda: deploy(running, actor="alice"))

    assert operation.error["code"] == "deploy.not_healthy"
    assert "no answer" in operation.error["message"]
    assert only(running) == before


def test_the_gate_is_as_patient_as_the_health_check_of_the_release(
    own_image: Service, engine: FakeRuntime
) -> None:
    own_image.health_check_config = {
        "type": "http",
        "start_period_seconds": 0,
        "interval_seconds": 1,
        "retries": 1,
    }
    own_image.save(update_fields=["health_check_config"])
    never_healthy(own_image, engine)

    operation = done(lambda: deploy(own_image, actor="alice"))

    # A second or what it becomes on a busy machine, and not the minutes of the platform's limit.
    assert re.match(r"not healthy after \d s", operation.error["message"])


def test_a_deploy_cancelled_before_the_switch_goes_back(
    running: Service, engine: FakeRuntime
) -> None:
    before = only(running)
    never_healthy(running, engine)
    operation = deploy(running, actor="alice")

    with at_step("health", lambda: cancel(operation, actor="bob")):
        carry_out_all()

    operation.refresh_from_db()
    running.refresh_from_db()
    assert (operation.state, running.deployment_status) == ("cancelled", "Deployment cancelled")
    assert running.status == "running"
    assert containers(engine) == {before.name}


def test_a_deploy_cancelled_before_it_begins_starts_nothing(
    running: Service, engine: FakeRuntime
) -> None:
    change(running)
    operation = deploy(running, actor="alice")

    with at_step("build", lambda: cancel(operation, actor="bob")):
        carry_out_all()

    operation.refresh_from_db()
    assert operation.state == "cancelled"
    assert running.releases.count() == 1
    assert event_types(running)[-1] == "deployment_failed"
    told = running.events.get(event_type="deployment_failed")
    assert (told.event_data["outcome"], told.error_message) == ("cancelled", "cancelled")


def test_a_deploy_that_a_newer_one_replaces_says_so(running: Service, engine: FakeRuntime) -> None:
    change(running)
    operation = deploy(running, actor="alice")

    with at_step("build", lambda: deploy(running, actor="bob")):
        carry_out_all()

    operation.refresh_from_db()
    told = running.events.get(event_type="deployment_failed")
    assert (operation.state, told.event_data["outcome"]) == ("superseded", "superseded")
    assert told.error_message == "superseded by a newer deploy"
    assert event_types(running)[-1] == "deployment_completed"


def test_a_deploy_cancelled_while_the_engine_is_away_does_not_go_on_later(
    running: Service, engine: FakeRuntime, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "GATE_MAX_S": 1}
    before = only(running)
    change(running)
    operation = deploy(running, actor="alice")

    def cut_off() -> None:
        engine.unreachable = True
        cancel(operation, actor="bob")

    with at_step("health", cut_off):
        carry_out_all()
    operation.refresh_from_db()
    assert not operation.is_open

    engine.unreachable = False
    sweep_services()

    assert containers(engine) == {before.name}
    running.refresh_from_db()
    assert running.wanted_release == before.release


def test_a_failed_deploy_of_a_stopped_service_leaves_it_stopped(
    own_image: Service, engine: FakeRuntime
) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    own_image.refresh_from_db()
    done(lambda: stop(own_image, actor="alice"))
    crash_on_start(own_image, engine)

    done(lambda: deploy(own_image, actor="alice"))

    own_image.refresh_from_db()
    assert (own_image.wanted_state, own_image.status) == ("stopped", "stopped")
    assert containers(engine) == set()


def test_recreate_brings_the_old_release_back_when_the_new_one_fails(
    own_image: Service, engine: FakeRuntime
) -> None:
    own_image.volume_mounts = {"/data": {"source": "data", "type": "volume", "mode": "rw"}}
    own_image.save(update_fields=["volume_mounts"])
    done(lambda: deploy(own_image, actor="alice"))
    crash_on_start(own_image, engine)

    operation = done(lambda: deploy(own_image, actor="alice"))

    own_image.refresh_from_db()
    assert operation.state == "failed"
    assert only(own_image).release.number == 1
    assert only(own_image).is_routed
    assert own_image.status == "running"


def single(service: Service, **config: bool) -> Service:
    """Deployed once, with one instance at most, because it writes to a volume."""
    service.volume_mounts = {"/data": {"source": "data", "type": "volume", "mode": "rw"}}
    service.deployment_config = dict(config)
    service.save(update_fields=["volume_mounts", "deployment_config"])
    done(lambda: deploy(service, actor="alice"))
    service.refresh_from_db()
    return service


def test_without_rollback_on_failure_a_recreate_that_fails_stays_down(
    own_image: Service, engine: FakeRuntime
) -> None:
    service = single(own_image, rollback_on_failure=False)
    before = service.wanted_release
    crash_on_start(service, engine)

    operation = done(lambda: deploy(service, actor="alice"))

    service.refresh_from_db()
    assert operation.state == "failed"
    assert containers(engine) == set()
    assert (service.status, service.wanted_release) == ("stopped", before)
    assert done(lambda: start(service, actor="alice")).state == "succeeded"
    assert only(service).release == before


def test_a_cancelled_recreate_starts_the_old_release_again_whatever_is_set(
    own_image: Service, engine: FakeRuntime
) -> None:
    service = single(own_image, rollback_on_failure=False)
    never_healthy(service, engine)
    operation = deploy(service, actor="alice")

    with at_step("health", lambda: cancel(operation, actor="bob")):
        carry_out_all()

    service.refresh_from_db()
    assert service.status == "running"


def test_a_folder_that_cannot_run_fails_in_its_first_step(own_image: Service) -> None:
    (Path(own_image.workspace.root) / "Dockerfile").unlink()

    operation = done(lambda: deploy(own_image, actor="alice"))

    assert operation.error["code"] == "detection.nothing_deployable"
    assert operation.steps.get(name="analyse").state == "failed"


def test_what_depends_on_a_failed_deploy_does_not_start(
    running: Service, own_image: Service, engine: FakeRuntime
) -> None:
    crash_on_start(own_image, engine)
    change(running)
    database = deploy(own_image, actor="alice")

    operation = done(lambda: deploy(running, actor="alice", after=[database]))

    assert operation.error["code"] == "deploy.dependency_failed"
    assert "own" in operation.error["message"]
    assert only(running).release.number == 1


@pytest.mark.parametrize("method", ["apply", "observe", "promote", "stop", "ensure_network"])
def test_a_passing_trouble_of_the_engine_is_waited_out(
    running: Service, engine: FakeRuntime, method: str
) -> None:
    change(running)
    engine.fail_next(method, EngineError("busy", code="engine.timeout"))

    operation = done(lambda: deploy(running, actor="alice"))

    assert operation.state == "succeeded"
    assert containers(engine) == {only(running).name}


def test_an_engine_that_says_no_ends_the_deploy_and_keeps_the_old(
    running: Service, engine: FakeRuntime
) -> None:
    before = only(running)
    change(running)
    engine.fail_next("apply", EngineError("no such device", fix="buy one"))

    operation = done(lambda: deploy(running, actor="alice"))

    running.refresh_from_db()
    assert operation.state == "failed"
    assert (operation.error["message"], operation.error["fix"]) == ("no such device", "buy one")
    assert running.wanted_release == before.release
    assert containers(engine) == {before.name}


def test_an_engine_that_stays_away_fails_the_deploy_and_the_sweep_clears_up(
    running: Service, engine: FakeRuntime, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "GATE_MAX_S": 3}
    before = only(running)
    change(running)
    operation = deploy(running, actor="alice")

    with at_step("health", lambda: setattr(engine, "unreachable", True)):
        carry_out_all()
    operation.refresh_from_db()
    assert operation.error["code"] == "engine.unreachable"

    engine.unreachable = False
    sweep_services()

    running.refresh_from_db()
    assert containers(engine) == {before.name}
    assert (running.status, running.wanted_release) == ("running", before.release)


@pytest.mark.parametrize("step", ["route", "settle"])
def test_a_router_that_fails_once_is_asked_again(
    running: Service, memory_router: MemoryRouter, step: str
) -> None:
    change(running)
    deploy(running, actor="alice")

    with at_step(step, lambda: memory_router.fail_next(RouterError("not now"))):
        carry_out_all()

    running.refresh_from_db()
    assert running.deployment_status == "Deployment successful"
    [route] = memory_router.table.routes
    assert [backend.instance_id for backend in route.backends] == [str(only(running).id)]


def test_an_instance_that_dies_right_after_the_switch_brings_the_old_one_back(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    before = only(running)
    change(running)
    operation = deploy(running, actor="alice")

    with at_step("settle", lambda: kill_newest(running, engine)):
        carry_out_all()

    operation.refresh_from_db()
    running.refresh_from_db()
    assert operation.error["stage"] == "settle"
    assert (running.status, running.wanted_release) == ("running", before.release)
    [route] = memory_router.table.routes
    assert [backend.instance_id for backend in route.backends] == [str(before.id)]
    assert containers(engine) == {before.name}


def kill_newest(service: Service, engine: FakeRuntime) -> None:
    newest = alive(service)[-1]
    engine.engine.find(newest.engine_id).promoted = False
    engine.die(newest.engine_id, exit_code=9)
