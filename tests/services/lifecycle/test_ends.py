"""How operations end when something is in the way late, and what they leave behind."""

from collections.abc import Callable

import pytest

from services.errors import EngineError
from services.lifecycle.deploy import deploy
from services.lifecycle.operations import take
from services.lifecycle.sweep import sweep_services
from services.lifecycle.urls import urls
from services.models import HostPort, Operation, Queue, Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import (
    at_step,
    carry_out_all,
    change,
    containers,
    crash_on_start,
    done,
    expire_leases,
    only,
)


def ask_for_port(service: Service, port: int) -> None:
    service.refresh_from_db()
    [container_port] = service.host_ports.values_list("container_port", flat=True)
    service.port_mappings = {str(container_port): {"host_port": port}}
    service.save(update_fields=["port_mappings"])


def ports_of(router: MemoryRouter) -> list[int]:
    [route] = router.table.routes
    return list(route.host_ports)


@pytest.mark.parametrize("method", ["stop", "remove"])
def test_an_engine_that_will_not_end_the_old_instances_does_not_fail_what_serves(
    running: Service, engine: FakeRuntime, method: str
) -> None:
    change(running)
    operation = deploy(running, actor="alice")
    engine.fail_next(method, EngineError("the device is busy"))

    carry_out_all()

    operation.refresh_from_db()
    running.refresh_from_db()
    assert (operation.state, operation.error) == ("succeeded", {})
    assert running.deployment_status == "Deployment successful"
    assert "device is busy" in operation.steps.get(name="settle").detail

    sweep_services()
    assert containers(engine) == {only(running).name}
    assert only(running).release.number == 2


def test_a_deploy_that_replaces_a_needed_one_is_waited_for(
    running: Service, own_image: Service
) -> None:
    """`own` is asked for twice while `web` waits for it."""
    change(running)
    first = deploy(own_image, actor="alice")
    dependent = deploy(running, actor="alice", after=[first])
    taken = take(Queue.BUILDS)
    assert taken is not None
    assert taken.operation == first
    second = deploy(own_image, actor="bob")
    expire_leases()

    carry_out_all()

    for operation in (first, second, dependent):
        operation.refresh_from_db()
    assert (first.state, second.state, dependent.state) == ("superseded", "succeeded", "succeeded")
    assert second.ended_at is not None
    assert dependent.ended_at is not None
    assert second.ended_at < dependent.ended_at


def test_when_the_one_that_replaces_a_needed_one_fails_the_dependent_fails(
    running: Service, own_image: Service, engine: FakeRuntime
) -> None:
    change(running)
    first = deploy(own_image, actor="alice")
    dependent = deploy(running, actor="alice", after=[first])
    crash_on_start(own_image, engine)
    deploy(own_image, actor="bob")

    carry_out_all()

    dependent.refresh_from_db()
    assert dependent.error["code"] == "deploy.dependency_failed"


def test_a_deploy_that_fails_gives_the_host_port_it_wanted_back(
    own_image: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    ask_for_port(own_image, 8090)
    crash_on_start(own_image, engine)

    done(lambda: deploy(own_image, actor="alice"))

    assert list(HostPort.objects.values_list("port", flat=True)) == [8080]
    assert ports_of(memory_router) == [8080]


def test_until_the_switch_both_ports_lead_to_the_old_release(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    during: list[list[int]] = []
    ask_for_port(running, 8090)
    change(running)
    deploy(running, actor="alice")

    with at_step("route", lambda: during.append(ports_of(memory_router))):
        carry_out_all()

    assert during == [[8080, 8090]]
    assert ports_of(memory_router) == [8090]
    running.refresh_from_db()
    assert urls(running)[0].url.endswith(":8090")


def test_a_port_that_is_changed_alone_changes_at_once(
    running: Service, memory_router: MemoryRouter
) -> None:
    before = only(running)
    ask_for_port(running, 8090)

    operation = done(lambda: deploy(running, actor="alice"))

    assert operation.result["unchanged"]
    assert only(running) == before
    assert ports_of(memory_router) == [8090]


def test_a_raw_port_of_a_deploy_that_failed_is_free_again(
    own_image: Service, engine: FakeRuntime
) -> None:
    own_image.port_mappings = {"9000": {"host_port": 39417}}
    own_image.process = "worker"
    own_image.save(update_fields=["port_mappings", "process"])
    crash_on_start(own_image, engine)

    done(lambda: deploy(own_image, actor="alice"))

    assert not HostPort.objects.filter(is_http=False).exists()


def test_whoever_sees_an_operation_ended_sees_the_service_at_rest(
    running: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker may die, or be slow, right after the end was written."""
    seen: list[tuple[str, str]] = []
    change(running)
    operation = deploy(running, actor="alice")

    def note(of: Operation, *_: object, **__: object) -> None:
        if of.state == "succeeded":
            seen.append((of.state, Service.objects.get(pk=running.pk).status))

    monkeypatch.setattr(Operation, "refresh_from_db", after(Operation.refresh_from_db, note))
    carry_out_all()

    operation.refresh_from_db()
    assert set(seen) == {("succeeded", "running")}


def after(method: Callable[..., None], work: Callable[..., None]) -> Callable[[Operation], None]:
    def both(of: Operation, *args: object, **more: object) -> None:
        method(of, *args, **more)
        work(of)

    return both
