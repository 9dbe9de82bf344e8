"""What a clean-up takes away, and what it never touches."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from services.errors import EngineUnreachableError
from services.lifecycle import tasks
from services.lifecycle.claims import claim
from services.lifecycle.clean import clean
from services.lifecycle.deploy import deploy
from services.lifecycle.rollback import rollback
from services.models import ImageMapping, Release, Rollout, Service
from services.runtimes.base import LABEL_INSTALL, LABEL_INSTANCE, LABEL_SERVICE, LABEL_TEAM
from services.runtimes.fake import FakeRuntime
from tests.factories import make_instance, make_operation, make_release, make_service
from tests.services.at_once import at_once
from tests.services.lifecycle.working import change, containers, done, only

OURS = {LABEL_INSTALL: ""}


@pytest.fixture(autouse=True)
def _places(settings: Settings, tmp_path: Path) -> None:
    kept = {"KEEP_RELEASES": 2, "HOME": tmp_path / "home", "OWN_ENGINE": False}
    settings.KYOZO = {**settings.KYOZO, **kept}
    OURS[LABEL_INSTALL] = settings.KYOZO["INSTALL"]


def image(engine: FakeRuntime, service: Service, *refs: str) -> str:
    """One of the service's own, as a build leaves it; a name is made up, "" means none."""
    labels = OURS | {LABEL_TEAM: str(service.team_id), LABEL_SERVICE: str(service.id)}
    name = f"kyozo-{OURS[LABEL_INSTALL]}/team/{service.id.hex[:12]}:{uuid.uuid4().hex[:6]}"
    return engine.add_image(*([name] if not refs else filter(None, refs)), labels=labels)


def released(engine: FakeRuntime, service: Service, *, came_up: bool = True, **fields: Any) -> str:
    """An image with a release of it, which served for a while or did not come up."""
    made = fields.pop("image_digest", None) or image(engine, service)
    release = make_release(service, image_digest=made, **fields)
    Rollout.objects.create(
        service=service,
        to_release=release,
        to_generation=release.number,
        phase="done",
        outcome="succeeded" if came_up else "failed",
    )
    return made


def left(engine: FakeRuntime) -> set[str]:
    return set(engine.engine.images)


def test_images_beyond_the_last_releases_go_with_a_reason(
    service: Service, engine: FakeRuntime
) -> None:
    old, *kept = [released(engine, service) for _ in range(3)]

    report = clean()

    assert left(engine) == set(kept)
    [gone] = report.removed
    assert gone.why == "release 1 of web is older than those that are kept"
    assert gone.size_bytes > 0
    assert old not in left(engine)


def test_a_series_of_failures_does_not_push_out_what_served(
    service: Service, engine: FakeRuntime
) -> None:
    served = [released(engine, service) for _ in range(2)]
    failed = [released(engine, service, came_up=False) for _ in range(3)]

    report = clean()

    assert left(engine) == set(served)
    assert len(report.removed) == len(failed)
    assert all("did not come up" in gone.why for gone in report.removed)


def test_the_same_release_again_counts_once(service: Service, engine: FakeRuntime) -> None:
    first = released(engine, service)
    second = released(engine, service, fingerprint="same")
    for _ in range(4):
        released(engine, service, image_digest=second, fingerprint="same")

    clean()

    assert left(engine) == {first, second}


def test_the_two_newest_stay_whatever_is_set(
    service: Service, engine: FakeRuntime, settings: Settings
) -> None:
    settings.KYOZO = {**settings.KYOZO, "KEEP_RELEASES": 0}
    images = [released(engine, service) for _ in range(3)]

    clean()

    assert left(engine) == set(images[1:])


def test_what_runs_stays_however_old(service: Service, engine: FakeRuntime) -> None:
    images = [released(engine, service) for _ in range(5)]
    make_instance(service, release=Release.objects.get(number=1))
    service.wanted_release = Release.objects.get(number=2)
    service.save()

    clean()

    assert left(engine) == {images[0], images[1], images[3], images[4]}


def test_a_rollout_in_flight_keeps_both_its_images(service: Service, engine: FakeRuntime) -> None:
    old = released(engine, service)
    for _ in range(2):
        released(engine, service)
    new = image(engine, service)
    Rollout.objects.create(
        service=service,
        from_release=Release.objects.get(number=1),
        to_release=make_release(service, image_digest=new),
        to_generation=9,
    )

    clean()

    assert {old, new} <= left(engine)


def test_an_image_of_two_services_is_kept_by_either(service: Service, engine: FakeRuntime) -> None:
    other = make_service(service.team)
    shared = released(engine, service)
    released(engine, other, image_digest=shared)
    for _ in range(2):
        released(engine, service)

    clean()

    assert shared in left(engine)


def test_nothing_goes_while_an_operation_is_open(service: Service, engine: FakeRuntime) -> None:
    just_built = image(engine, service)
    make_operation(service)

    assert clean().removed == []
    assert left(engine) == {just_built}


def test_nothing_goes_while_a_worker_has_the_service(service: Service, engine: FakeRuntime) -> None:
    image(engine, service)
    held = claim(service.id)

    assert clean().removed == []
    assert held


def test_a_claim_lost_on_the_way_ends_it(service: Service, engine: FakeRuntime) -> None:
    first = image(engine, service)
    image(engine, service)
    original = engine.remove_image

    def remove(name: str, **options: Any) -> None:
        original(name, **options)
        Service.objects.update(fence=99, claimed_by="another")

    engine.remove_image = remove  # type: ignore[method-assign]

    report = clean()

    assert [gone.kind for gone in report.removed] == ["image"]
    assert len(left(engine)) == 1
    assert first not in left(engine)


def test_what_a_build_came_to_nothing_with_goes(service: Service, engine: FakeRuntime) -> None:
    image(engine, service)
    image(engine, service, "")

    report = clean()

    assert left(engine) == set()
    assert {gone.why for gone in report.removed} == {"no release of web uses it"}


def test_the_images_of_a_removed_service_go(service: Service, engine: FakeRuntime) -> None:
    released(engine, service)
    Service.objects.update(wanted_state="removed")

    assert [gone.why for gone in clean().removed] == ["web is removed"]
    assert left(engine) == set()


def test_images_that_are_not_ours_stay(service: Service, engine: FakeRuntime) -> None:
    mine = engine.add_image("people/own:1", labels={})
    other_install = engine.add_image("kyozo-x/a/b:1", labels={LABEL_INSTALL: "another"})
    built_on_ours = image(engine, service, "people/derived:1")
    mapped = image(engine, service, "kyozo-mapped:1")
    ImageMapping.objects.create(team=service.team, source="python:3", target="kyozo-mapped:1")

    clean()

    assert left(engine) == {mine, other_install, built_on_ours, mapped}


def test_a_name_that_somebody_gave_it_keeps_the_image(
    service: Service, engine: FakeRuntime
) -> None:
    made = image(engine, service, f"kyozo-{OURS[LABEL_INSTALL]}/t/s:1", "people/copy:1")

    clean()

    assert engine.engine.images[made].refs == ("people/copy:1",)


def test_a_dry_run_says_the_same_and_changes_nothing(service: Service, engine: FakeRuntime) -> None:
    image(engine, service)

    planned = clean(dry_run=True)

    assert len(left(engine)) == 1
    assert planned.freed_bytes is None
    assert planned.removed == clean().removed


def test_two_at_once_are_harmless(
    transactional_db: None, service: Service, engine: FakeRuntime
) -> None:
    kept = [released(engine, service) for _ in range(2)]
    for _ in range(20):
        image(engine, service)

    at_once(clean, clean, clean)
    clean()

    assert left(engine) == set(kept)


def test_cleaning_twice_is_harmless(service: Service, engine: FakeRuntime) -> None:
    image(engine, service)
    clean()

    assert clean().removed == []


def test_an_image_in_use_is_left_and_said(running: Service, engine: FakeRuntime) -> None:
    made = image(engine, running)
    box = engine.engine.named(only(running).name)
    assert box
    assert box.spec
    object.__setattr__(box.spec, "image", made)

    report = clean()

    assert report.removed == []
    assert "is being used" in report.refused[0].why


def test_a_team_sees_and_cleans_its_own_only(
    service: Service, engine: FakeRuntime, charlie: Any
) -> None:
    mine, theirs = image(engine, service), image(engine, make_service(charlie.team))

    clean(team=service.team, shared=False)

    assert left(engine) == {theirs}
    assert mine not in left(engine)


def test_a_rollback_finds_its_image_after_a_clean_up(
    deployed: Service, engine: FakeRuntime
) -> None:
    change(deployed)
    done(lambda: deploy(deployed, actor="alice"))
    deployed.refresh_from_db()
    clean()

    assert done(lambda: rollback(deployed, to=None, actor="alice")).state == "succeeded"


def test_a_stopped_container_that_no_row_knows_goes_when_a_person_asks(
    running: Service, engine: FakeRuntime
) -> None:
    labels = OURS | {LABEL_SERVICE: str(uuid.uuid4()), LABEL_INSTANCE: str(uuid.uuid4())}
    stray, busy = engine.engine.add("stray", labels), engine.engine.add("busy", labels)
    engine.engine.start(busy)
    engine.add_foreign("people")

    clean()
    assert stray.name in containers(engine)
    report = clean(orphans=True)

    assert containers(engine) == {only(running).name, "busy", "people"}
    assert [gone.name for gone in report.removed] == [stray.name]


def test_the_images_of_a_service_that_no_row_knows_go_when_a_person_asks(
    service: Service, engine: FakeRuntime
) -> None:
    """Another database may know it: this one may come from an older backup."""
    made = image(engine, service)
    service.delete()

    assert clean().removed == []
    assert left(engine) == {made}
    assert [gone.why for gone in clean(orphans=True).removed] == [
        "of a service that is not known here"
    ]


def test_volumes_are_never_touched(service: Service, engine: FakeRuntime) -> None:
    engine.ensure_volume("data", labels=OURS)
    Service.objects.update(wanted_state="removed")

    clean()

    assert "data" in engine.engine.volumes


def test_the_scheduled_clean_up_waits_for_the_engine(service: Service, engine: FakeRuntime) -> None:
    image(engine, service)
    engine.unreachable = True
    with pytest.raises(EngineUnreachableError):
        clean()

    tasks.clean_up()
    engine.unreachable = False
    tasks.clean_up()

    assert left(engine) == set()
