"""What a clean-up takes away of what belongs to no team: pulled images, build cache, indexes."""

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from services.lifecycle.clean import clean
from services.lifecycle.image_names import pins
from services.models import Build, PulledImage, Service
from services.runtimes.fake import GIB, FakeRuntime
from tests.factories import make_operation, make_release


@pytest.fixture(autouse=True)
def _places(settings: Settings, tmp_path: Path) -> None:
    settings.KYOZO = {**settings.KYOZO, "HOME": tmp_path / "home", "OWN_ENGINE": False}


def test_an_image_that_we_pulled_goes_when_nothing_asks_for_it(
    service: Service, engine: FakeRuntime
) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    for ref, used_at in (("redis:6", long_ago), ("redis:7", timezone.now())):
        engine_id = engine.add_image(ref, labels={})
        PulledImage.objects.create(ref=ref, engine_id=engine_id, used_at=used_at)

    report = clean()

    assert [gone.name for gone in report.removed] == ["redis:6"]
    assert PulledImage.objects.get().ref == "redis:7"
    assert len(set(engine.engine.images)) == 1


def test_a_pulled_image_that_a_release_runs_stays(service: Service, engine: FakeRuntime) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    engine_id = engine.add_image("redis:7", labels={})
    PulledImage.objects.create(ref="redis:7", engine_id=engine_id, used_at=long_ago)
    service.wanted_release = make_release(service, image_digest=engine_id)
    service.save()

    clean()

    assert set(engine.engine.images) == {engine_id}


def test_a_pulled_name_that_means_another_image_by_now_is_forgotten(
    db: None, engine: FakeRuntime
) -> None:
    theirs = engine.add_image("redis:7", labels={})
    long_ago = timezone.now() - timedelta(days=31)
    PulledImage.objects.create(ref="redis:7", engine_id="sha256:before", used_at=long_ago)

    clean()

    assert set(engine.engine.images) == {theirs}
    assert not PulledImage.objects.exists()


def pinned(engine: FakeRuntime, service: Service, state: str, *refs: str) -> tuple[str, str]:
    """An image with a name that a build upon it gave."""
    operation = service.operations.first() or make_operation(service)
    build = Build.objects.create(service=service, operation=operation, state=state)
    name = f"{pins()}:{build.id.hex}-0"
    return engine.add_image(*refs, name, labels={}), name


def test_names_that_a_killed_build_left_go_and_no_more(
    service: Service, engine: FakeRuntime
) -> None:
    over, name = pinned(engine, service, "failed", "people/base:1")
    going_on, other = pinned(engine, service, "running", "people/base:2")

    report = clean()

    assert [gone.name for gone in report.removed] == [name]
    assert engine.engine.images[over].refs == ("people/base:1",)
    assert engine.engine.images[going_on].refs == ("people/base:2", other)


def test_an_image_that_has_only_such_a_name_goes_if_it_was_ours(
    service: Service, engine: FakeRuntime
) -> None:
    pulled, _ = pinned(engine, service, "failed")
    PulledImage.objects.create(ref=pulled, engine_id=pulled)
    theirs, _ = pinned(engine, service, "failed")

    clean()

    assert set(engine.engine.images) == {theirs}


def test_the_build_cache_is_trimmed_only_on_an_engine_of_our_own(
    db: None, engine: FakeRuntime, settings: Settings
) -> None:
    engine.build_cache_bytes = 30 * GIB
    clean()
    assert engine.build_cache_bytes == 30 * GIB

    settings.KYOZO = {**settings.KYOZO, "OWN_ENGINE": True, "KEEP_CACHE_MB": 10 * 1024}
    report = clean()

    assert engine.build_cache_bytes == 10 * GIB
    assert report.removed[0].size_bytes == 20 * GIB


def test_the_index_of_a_folder_goes_with_its_service(service: Service, tmp_path: Path) -> None:
    trees = tmp_path / "home" / "trees"
    trees.mkdir(parents=True)
    mine, gone = trees / f"{service.id.hex}.index", trees / f"{uuid.uuid4().hex}.index"
    mine.touch()
    gone.touch()

    clean()

    assert list(trees.iterdir()) == [mine]
