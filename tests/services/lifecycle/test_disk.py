"""Before the engine's disk is full: clean up first, then refuse to build; what runs goes on."""

import pytest
from django.conf import settings

from services.errors import BuildError
from services.lifecycle import tasks
from services.lifecycle.disk import check_room, clean_when_filling
from services.models import Service
from services.runtimes.base import LABEL_INSTALL, LABEL_SERVICE, Disk
from services.runtimes.fake import GIB, MIB, FakeRuntime


def fill(engine: FakeRuntime, percent: int, *, size: int = 100 * GIB) -> None:
    used = size * percent // 100
    engine.disk_now = Disk("/var/lib/engine", used_bytes=used, free_bytes=size - used)


def test_there_is_room_below_the_limit(engine: FakeRuntime) -> None:
    fill(engine, 89)

    check_room()


def test_a_disk_that_cannot_be_seen_refuses_nothing(engine: FakeRuntime) -> None:
    engine.disk_now = None

    check_room()
    assert not clean_when_filling()


@pytest.mark.parametrize(
    ("percent", "size"), [(91, 100 * GIB), (50, 3 * GIB)], ids=["percent", "megabytes"]
)
def test_a_build_is_refused_before_the_disk_is_full(
    engine: FakeRuntime, percent: int, size: int
) -> None:
    fill(engine, percent, size=size)

    with pytest.raises(BuildError) as refusal:
        check_room()

    assert refusal.value.error_code == "build.disk_full"
    assert f"{percent} % used" in refusal.value.message
    assert "kyozo clean" in refusal.value.fix


@pytest.mark.parametrize(("percent", "left"), [(79, 1), (81, 0)])
def test_a_clean_up_begins_at_the_lower_mark(
    service: Service, engine: FakeRuntime, percent: int, left: int
) -> None:
    labels = {LABEL_INSTALL: settings.KYOZO["INSTALL"], LABEL_SERVICE: str(service.id)}
    engine.add_image(labels=labels, size_bytes=MIB)
    fill(engine, percent)

    tasks.watch_disk()

    assert len(engine.engine.images) == left


def test_an_engine_that_is_away_is_asked_again_later(db: None, engine: FakeRuntime) -> None:
    engine.unreachable = True

    tasks.watch_disk()
