"""An unhealthy instance goes only when another one serves in its place, and not all the time."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from services.lifecycle.replacements import replaceable
from services.lifecycle.sweep import settle
from services.models import Instance, Service
from services.routing.memory import MemoryRouter
from services.runtimes.fake import FakeRuntime
from tests.factories import make_instance, make_release
from tests.services.lifecycle.working import alive, only


def fall_ill(instance: Instance, engine: FakeRuntime) -> None:
    """It answers no more, and the health checks have found out."""
    engine.unhealthy.add(instance.engine_id)
    Instance.objects.filter(pk=instance.pk).update(health="unhealthy", misses=3)


def make_single(service: Service) -> None:
    """Only one instance of it may write."""
    release = service.wanted_release
    assert release is not None
    release.config["strategy"] = "recreate"
    release.save()


def routed_to(router: MemoryRouter) -> set[str]:
    return {backend.instance_id for route in router.table.routes for backend in route.backends}


def test_an_unhealthy_instance_is_replaced(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    before = only(running)
    fall_ill(before, engine)

    settle(running.id)

    after = only(running)
    assert after != before
    assert (after.is_gated, after.release) == (True, before.release)
    assert routed_to(memory_router) == {str(after.id)}
    running.refresh_from_db()
    assert (running.status, running.health) == ("running", "healthy")


def test_it_serves_until_the_new_one_is_healthy(
    running: Service, engine: FakeRuntime, memory_router: MemoryRouter
) -> None:
    before = only(running)
    fall_ill(before, engine)
    assert before.release is not None
    engine.unhealthy.add(before.release.image_digest)

    settle(running.id, is_patient=False)

    assert {one.is_gated for one in alive(running)} == {True, False}
    assert routed_to(memory_router) == {str(before.id)}


def test_one_that_gets_well_meanwhile_stays(running: Service, engine: FakeRuntime) -> None:
    before = only(running)
    fall_ill(before, engine)
    assert before.release is not None
    engine.unhealthy.add(before.release.image_digest)
    settle(running.id, is_patient=False)

    Instance.objects.filter(pk=before.pk).update(health="healthy", misses=0)
    settle(running.id)

    assert only(running) == before


def test_where_only_one_may_write_it_is_stopped_first(
    running: Service, engine: FakeRuntime, settings: Settings
) -> None:
    make_single(running)
    before = only(running)
    fall_ill(before, engine)

    settle(running.id)

    after = only(running)
    before.refresh_from_db()
    assert after != before
    assert before.removed_at is not None
    assert before.removed_at <= after.created_at


def test_the_second_replacement_waits(running: Service, engine: FakeRuntime) -> None:
    fall_ill(only(running), engine)
    settle(running.id)
    second = only(running)
    fall_ill(second, engine)

    settle(running.id)
    assert only(running) == second

    earlier = timezone.now() - timedelta(seconds=11)
    running.instances.exclude(leaving_at=None).update(leaving_at=earlier)
    settle(running.id)
    assert only(running) != second


@pytest.mark.parametrize(("gone", "pause_s"), [(0, 0), (1, 10), (2, 20), (4, 80), (9, 300)])
def test_the_pauses_between_replacements_grow_to_five_minutes(
    service: Service, gone: int, pause_s: int
) -> None:
    release = make_release(service)
    ill = make_instance(service, release=release, is_gated=True, health="unhealthy")

    def turn_has_come(seconds_ago: float) -> bool:
        service.instances.exclude(pk=ill.pk).delete()
        left = timezone.now() - timedelta(seconds=seconds_ago)
        for _ in range(gone):
            make_instance(
                service, release=release, health="unhealthy", leaving_at=left, removed_at=left
            )
        return replaceable([ill]) == {ill.id}

    assert turn_has_come(pause_s + 1)
    assert gone == 0 or not turn_has_come(pause_s / 2)


def test_what_has_not_passed_its_gate_is_not_unhealthy_yet(service: Service) -> None:
    assert replaceable([make_instance(service, health="unhealthy")]) == set()
