"""Drift: whatever somebody does to our containers is put right, and nothing else is touched."""

from datetime import timedelta

import pytest
from django.utils import timezone

from services.errors import EngineError, FenceLostError, RouterError
from services.lifecycle.claims import claim
from services.lifecycle.deploy import deploy
from services.lifecycle.networks import give_address, team_network
from services.lifecycle.reconcile import reconcile
from services.lifecycle.remove import remove
from services.lifecycle.scale import scale
from services.lifecycle.spec import service_spec
from services.lifecycle.stop import stop
from services.lifecycle.sweep import settle, sweep_services
from services.models import Event, Instance, Service
from services.routing.memory import MemoryRouter
from services.runtimes.base import LABEL_INSTALL, LABEL_INSTANCE, LABEL_SERVICE, State
from services.runtimes.fake import FakeRuntime
from tests.factories import make_service
from tests.services.lifecycle.working import alive, change, containers, done, expire_leases, only


def let_time_pass(service: Service) -> None:
    """Long enough for a stopped instance to be started again."""
    past = timezone.now() - timedelta(hours=1)
    service.instances.alive().update(started_at=past)


def routed_to(router: MemoryRouter) -> set[str]:
    return {backend.instance_id for route in router.table.routes for backend in route.backends}


def test_a_removed_container_is_made_again(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    before = only(running)
    engine.lose(before.engine_id)

    settle(running.id)

    after = only(running)
    assert after != before
    assert after.release == before.release
    assert containers(engine) == {after.name}
    assert routed_to(memory_router) == {str(after.id)}
    [told] = Event.objects.filter(service=running, event_type="container_stopped")
    assert (told.event_data["reason"], told.is_good_news) == ("gone from the engine", False)


def test_a_container_stopped_by_hand_is_started_again(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    instance = only(running)
    engine.engine.stop(engine.engine.find(instance.engine_id))
    engine.engine.find(instance.engine_id).started_at = timezone.now() - timedelta(hours=1)

    settle(running.id)

    again = only(running)
    assert (again, again.state, again.restarts) == (instance, "running", 1)
    assert again.is_gated
    assert routed_to(memory_router) == {str(instance.id)}


def test_an_instance_the_engine_restarted_passes_its_gate_again(
    running: Service, engine: FakeRuntime
) -> None:
    instance = only(running)
    engine.unhealthy.add(instance.engine_id)
    engine.die(instance.engine_id, exit_code=1)
    mine = claim(running.id)
    assert mine is not None

    reconcile(mine)

    instance.refresh_from_db()
    assert (instance.restarts, instance.is_gated) == (1, False)
    running.refresh_from_db()
    assert running.current_replicas == 0


def test_a_container_that_was_created_but_never_started_is_started(
    running: Service, engine: FakeRuntime
) -> None:
    """Its worker died between the engine's two calls."""
    instance = Instance.objects.create(
        service=running,
        release=only(running).release,
        generation=running.generation,
        replica=5,
        name=f"{running.engine_name}-g1-5",
    )
    Service.objects.filter(pk=running.pk).update(wanted_replicas=2)
    network = team_network(running.team)
    instance.address = give_address(instance.id, network)
    spec = service_spec(instance, network, fence=1)
    box = engine.engine.create(spec, spec.slots[0], fence_token=1)
    assert box.state is State.CREATED

    settle(running.id)

    instance.refresh_from_db()
    assert (instance.state, instance.is_routed) == ("running", True)
    assert len(engine.engine.boxes()) == 2


def test_what_was_paused_goes_on_and_serves_all_the_while(
    running: Service, engine: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[Service] = []
    monkeypatch.setattr("services.lifecycle.reconcile.publish_routes", published.append)
    before = only(running)
    engine.engine.pause(engine.engine.find(before.engine_id))

    settle(running.id)

    after = only(running)
    assert engine.engine.find(after.engine_id).state is State.RUNNING
    assert published == []
    assert (after.pk, after.state, after.is_gated, after.is_routed) == (
        before.pk,
        "running",
        True,
        True,
    )


def test_what_will_not_go_on_is_made_once_more(running: Service, engine: FakeRuntime) -> None:
    box = engine.engine.find(only(running).engine_id)
    engine.engine.pause(box)
    engine.fail_next("resume", EngineError("it is not paused"))

    settle(running.id)

    assert engine.engine.find(only(running).engine_id).state is State.RUNNING
    assert (only(running).is_gated, only(running).is_routed) == (True, True)


def test_what_will_not_go_on_can_be_removed(running: Service, engine: FakeRuntime) -> None:
    engine.engine.pause(engine.engine.find(only(running).engine_id))
    for method in ("resume", "apply"):
        for _ in range(9):
            engine.fail_next(method, EngineError("it is not paused"))

    assert done(lambda: remove(running, actor="alice")).state == "succeeded"

    assert containers(engine) == set()


def test_a_container_of_ours_that_no_row_knows_is_removed(
    running: Service, engine: FakeRuntime
) -> None:
    """A late create of a worker that had been taken over."""
    box = engine.engine.find(only(running).engine_id)
    engine.engine.add("stray", {**box.labels, LABEL_INSTANCE: "somebody else"})

    settle(running.id)

    assert containers(engine) == {only(running).name}


def test_a_stray_of_a_stopped_service_is_found_by_the_sweep(
    running: Service, engine: FakeRuntime
) -> None:
    labels = dict(engine.engine.find(only(running).engine_id).labels)
    done(lambda: stop(running, actor="alice"))
    engine.engine.add("stray", labels)

    sweep_services()

    assert containers(engine) == set()


@pytest.mark.parametrize(
    "labels",
    [{}, {LABEL_INSTALL: "another"}],
    ids=["nobody's", "of another installation"],
)
def test_containers_of_others_are_not_touched(
    running: Service, engine: FakeRuntime, labels: dict[str, str]
) -> None:
    instance = {LABEL_SERVICE: str(running.id), LABEL_INSTANCE: "one"} if labels else {}
    engine.engine.add("theirs", labels | instance)

    sweep_services()

    assert "theirs" in containers(engine)


def test_a_container_of_a_service_that_no_row_knows_is_not_touched(
    running: Service, engine: FakeRuntime
) -> None:
    """Nothing is removed unless what is wanted was read: another database may know it."""
    nobody = "11111111-1111-1111-1111-111111111111"
    box = engine.engine.find(only(running).engine_id)
    engine.engine.add("unknown", {**box.labels, LABEL_SERVICE: nobody})

    sweep_services()

    assert "unknown" in containers(engine)


def test_whoever_lost_the_claim_touches_nothing(running: Service, engine: FakeRuntime) -> None:
    late = claim(running.id)
    assert late is not None
    expire_leases()
    claim(running.id)
    engine.lose(only(running).engine_id)

    with pytest.raises(FenceLostError):
        reconcile(late)

    assert containers(engine) == set()


def test_a_table_the_router_did_not_take_is_given_again(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    engine.lose(only(running).engine_id)
    memory_router.fail_next(RouterError("not now"))
    with pytest.raises(RouterError):
        settle(running.id)

    settle(running.id)

    assert routed_to(memory_router) == {str(only(running).id)}


def test_nothing_is_stopped_while_the_router_still_names_it(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    done(lambda: scale(running, replicas=2, actor="alice"))
    Service.objects.filter(pk=running.pk).update(wanted_replicas=1)
    memory_router.fail_next(RouterError("not now"))

    with pytest.raises(RouterError):
        settle(running.id)

    assert len(containers(engine)) == 2
    assert routed_to(memory_router) == {str(one.id) for one in alive(running)}


def test_volumes_carry_the_name_of_their_workspace(running: Service, engine: FakeRuntime) -> None:
    running.volume_mounts = {"/data": {"source": "data", "type": "volume", "mode": "rw"}}
    running.save(update_fields=["volume_mounts"])
    done(lambda: deploy(running, actor="alice"))
    other = make_service(running.team, name="other", volume_mounts=running.volume_mounts)
    other.workspace.root = running.workspace.root
    other.workspace.save()

    done(lambda: deploy(other, actor="alice"))

    assert len(engine.engine.volumes) == 2


def test_last_lines_outlive_the_container(running: Service, engine: FakeRuntime) -> None:
    before = only(running)
    engine.say(before.engine_id, "bye")
    change(running)

    done(lambda: deploy(running, actor="alice"))

    before.refresh_from_db()
    assert before.last_lines.endswith("Z stdout bye")
    assert before.state == "missing"


def test_a_log_that_cannot_be_read_does_not_keep_an_instance(
    running: Service, engine: FakeRuntime
) -> None:
    engine.fail_next("logs", EngineError("no log driver"))

    done(lambda: stop(running, actor="alice"))

    assert containers(engine) == set()


def test_a_crash_loop_is_started_with_growing_pauses(running: Service, engine: FakeRuntime) -> None:
    instance = only(running)
    box = engine.engine.find(instance.engine_id)
    box.promoted = False
    engine.die(box.engine_id)
    Instance.objects.filter(pk=instance.pk).update(restarts=5)

    settle(running.id)
    assert only(running).state == "exited"

    box.started_at = timezone.now() - timedelta(seconds=60)
    settle(running.id)
    assert only(running).state == "running"
