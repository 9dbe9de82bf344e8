"""The build step on a real engine: built, found again, refused, failed; secrets stay secret."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from services.lifecycle.clean import clean
from services.lifecycle.deploy import deploy
from services.lifecycle.engine import runtime
from services.lifecycle.images import shop
from services.lifecycle.operations import cancel, take
from services.lifecycle.run import carry_out
from services.models import (
    BuildState,
    Event,
    ImageMapping,
    Operation,
    PulledImage,
    Queue,
    Service,
)
from tests.factories import make_release
from tests.runtimes.busybox import ensure_image
from tests.services.lifecycle.building import (
    ENGINE,
    INSTALL,
    build,
    docker,
    dockerfile,
    engine_that_builds,
    log_of,
    without_base,
)
from tests.services.lifecycle.working import at_step, change

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300), pytest.mark.enable_socket]


@pytest.fixture(autouse=True)
def _real_engine(settings: Settings, tmp_path: Path) -> Iterator[None]:
    with engine_that_builds(settings, tmp_path):
        yield


@pytest.fixture
def own(own_image: Service) -> Service:
    return without_base(own_image)


def test_a_folder_with_its_own_dockerfile_is_built(own: Service) -> None:
    operation, made = build(own)

    assert (made.state, made.is_cached) == (BuildState.SUCCEEDED, False)
    assert runtime().image_id(made.image_ref) == made.image_digest
    assert operation.result["image_digest"] == made.image_digest
    assert "COPY hello.txt" in made.dockerfile
    assert "COPY hello.txt" in log_of(made)
    assert Event.objects.filter(service=own, event_type="image_built").count() == 1


def test_an_image_carries_whose_it_is(own: Service) -> None:
    _, made = build(own)

    labels = docker("image", "inspect", "--format", "{{json .Config.Labels}}", made.image_ref)

    for value in (INSTALL, str(own.team_id), str(own.id), made.content_hash):
        assert f'"{value}"' in labels


def test_an_unchanged_folder_is_not_built_again(own: Service) -> None:
    _, first = build(own)

    _, second = build(own)

    assert (second.is_cached, second.image_digest) == (True, first.image_digest)
    assert "up to date" in log_of(second)
    assert Event.objects.filter(service=own, event_type="image_built").count() == 1


def test_a_changed_folder_is_another_image(own: Service) -> None:
    _, first = build(own)
    (Path(own.workspace.root) / "hello.txt").write_text("good bye")

    _, second = build(own)

    assert second.image_ref != first.image_ref
    assert not second.is_cached


def test_without_cache_it_is_built_although_nothing_changed(own: Service) -> None:
    build(own)

    _, second = build(own, no_cache=True)

    assert not second.is_cached


def test_what_must_never_be_in_an_image_does_not_change_it(own: Service) -> None:
    _, first = build(own)
    (Path(own.workspace.root) / ".env").write_text("PASSWORD=x")

    assert build(own)[1].image_ref == first.image_ref


def test_a_failing_build_says_which_line_and_shows_the_end_of_its_log(own: Service) -> None:
    dockerfile(own, 'FROM scratch\nCOPY hello.txt /\nRUN ["/nothing/here"]\n')

    operation, made = build(own)

    assert (operation.state, made.state) == ("failed", "failed")
    assert operation.error["stage"] == "build"
    assert made.failure["dockerfile_line"] == 3
    assert "line 3 of the Dockerfile" in operation.error["message"]
    assert any("/nothing/here" in line for line in operation.error["tail"])
    assert operation.error["fix"]


def test_secrets_are_masked_in_the_log(own: Service) -> None:
    own.environment, own.secret_names = {"TOKEN": "hunter2-and-more"}, ["TOKEN"]
    own.save(update_fields=["environment", "secret_names"])
    dockerfile(own, 'FROM scratch\nCOPY hello.txt /\nRUN ["/hunter2-and-more"]\n')

    operation, made = build(own)

    assert made.state == "failed"
    assert "hunter2" not in log_of(made)
    assert "hunter2" not in f"{operation.error} {made.failure}"


def test_a_dockerfile_that_went_meanwhile_is_told(own: Service) -> None:
    deploy(own, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None

    with at_step("build", (Path(own.workspace.root) / "Dockerfile").unlink):
        carry_out(taken)

    taken.operation.refresh_from_db()
    assert taken.operation.error["code"] == "build.no_dockerfile"


def test_a_cancelled_build_ends_before_its_dockerfile_is_read(own: Service) -> None:
    deploy(own, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None
    dockerfile(own, 'FROM scratch\nEXPOSE 8000\nRUN --security=insecure refused\nCMD ["/x"]\n')

    with at_step("build", lambda: cancel(taken.operation, actor="alice")):
        carry_out(taken)

    taken.operation.refresh_from_db()
    assert taken.operation.state == "cancelled"
    assert own.builds.get().state == BuildState.CANCELLED


def test_an_image_of_another_team_cannot_be_built_upon(own: Service) -> None:
    dockerfile(own, f'FROM kyozo-{INSTALL}/0123456789ab/0123456789ab:1\nCMD ["/x"]\n')

    operation, made = build(own)

    assert (operation.state, made.state) == ("failed", "failed")


def test_a_mapped_image_is_used_instead(own: Service) -> None:
    _, base = build(own)
    ImageMapping.objects.create(team=own.team, source="python:3.12", target=base.image_ref)
    dockerfile(own, 'FROM python:3.12\nCOPY hello.txt /again\nCMD ["/again"]\n')

    operation, made = build(own)

    assert (made.state, operation.error) == ("succeeded", {})
    assert base.image_ref in log_of(made)


def test_a_ready_image_that_is_mapped_needs_no_build(own: Service) -> None:
    _, base = build(own)
    ImageMapping.objects.create(team=own.team, source="acme/tool:1", target=base.image_ref)
    dockerfile(own, "")
    (Path(own.workspace.root) / "Dockerfile").unlink()
    (Path(own.workspace.root) / "compose.yaml").write_text(
        "services:\n  tool:\n    image: acme/tool:1\n    ports: ['8000:8000']\n"
    )

    operation, made = build(own)

    assert operation.error == {}
    assert (made.image_digest, made.is_cached) == (base.image_digest, True)


def test_a_version_that_cannot_be_had_is_refused_and_the_nearest_offered(service: Service) -> None:
    (Path(service.workspace.root) / ".python-version").write_text("3.8\n")

    operation, made = build(service)

    assert operation.error["code"] == "image.version_unavailable"
    assert "--accept-version" in operation.error["fix"]
    assert made.state == "failed"


def test_the_nearest_version_is_used_when_it_is_accepted(service: Service) -> None:
    root = Path(service.workspace.root)
    (root / ".python-version").write_text("3.8\n")
    (root / "requirements.txt").unlink()
    (root / "app.py").unlink()
    (root / "worker.py").write_text("while True:\n    pass\n")
    (root / "Procfile").write_text("worker: python worker.py\n")

    operation, made = build(service, accept_version=True)

    assert operation.error == {}
    assert made.state == "succeeded"
    assert "base image:" in log_of(made)


def test_a_cancelled_build_ends_as_cancelled(own: Service) -> None:
    change(own)
    operation = deploy(own, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None
    asked = Operation.objects.filter(pk=operation.pk)

    with at_step("build", lambda: asked.update(cancel_requested_at=operation.created_at)):
        carry_out(taken)

    operation.refresh_from_db()
    assert operation.state == "cancelled"
    made = own.builds.get(operation=operation)
    assert (made.state, made.content_hash) == ("cancelled", "")  # no file was read for it


def test_reading_the_folder_may_take_as_long_as_a_build(own: Service, settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, "BUILD_S": 0}

    operation, made = build(own)

    assert (operation.error["code"], made.content_hash) == ("build.timeout", "")


def test_a_clean_up_takes_what_builds_came_to_nothing_with_and_no_more(own: Service) -> None:
    _, first = build(own)
    _, second = build(own, no_cache=True)
    docker("tag", first.image_digest, f"people-{INSTALL}/copy:1")

    dry, report = clean(dry_run=True), clean()

    assert {gone.why for gone in report.removed} == {f"no release of {own.name} uses it"}
    assert dry.removed == report.removed
    assert runtime().image_id(second.image_digest) is None
    assert runtime().image_id(first.image_digest) == first.image_digest
    assert clean().removed == report.refused == []


def test_the_image_of_a_release_outlives_a_clean_up(own: Service) -> None:
    _, made = build(own)
    own.wanted_release = make_release(own, image_digest=made.image_digest)
    own.save(update_fields=["wanted_release"])

    clean()

    assert runtime().image_id(made.image_ref) == made.image_digest


def test_what_was_pulled_is_written_down_and_what_was_here_is_not(
    own: Service, tmp_path: Path
) -> None:
    """No registry answers here: a program of the same name says that it pulled."""
    _, made = build(own)
    program = tmp_path / "docker"
    is_here = '[ "$1" = pull ] || [ "$5" = docker.io/library/here:1 ]'
    program.write_text(f"#!/bin/sh\n{is_here} && echo sha256:1 1\n")
    program.chmod(0o755)
    client = replace(shop().docker.client, path=program)
    stand_in = replace(shop(), docker=replace(shop().docker, client=client))

    for ref in (made.image_ref, "here:1"):
        stand_in.pull(ref, log=lambda _: None, cancelled=lambda: False)

    row = PulledImage.objects.get()
    assert (row.ref, row.engine_id) == (made.image_ref, made.image_digest)


def test_on_a_full_disk_nothing_is_built_and_what_is_built_is_found(
    own: Service, settings: Settings
) -> None:
    _, made = build(own)
    settings.KYOZO = {**settings.KYOZO, "DISK_FREE_MB": 2**40}

    _, found = build(own)
    (Path(own.workspace.root) / "hello.txt").write_text("good bye")
    operation, refused = build(own)

    assert found.image_digest == made.image_digest
    assert (operation.error["code"], refused.state) == ("build.disk_full", "failed")


@pytest.mark.django_db(transaction=True)
def test_a_build_that_is_cancelled_in_a_step_leaves_nothing(
    own: Service, settings: Settings
) -> None:
    """Neither the step's process, nor the client, nor a copy of the folder, nor an image."""
    nap = f"{60 + secrets.randbelow(10**6)}"
    dockerfile(own, f'FROM {ensure_image(ENGINE)}\nRUN ["/bin/sleep", "{nap}"]\n')
    operation = deploy(own, actor="alice")
    taken = take(Queue.BUILDS)
    assert taken is not None

    def cancel_in_the_step() -> None:
        while not processes("sleep", nap):
            time.sleep(0.05)
        Operation.objects.update(cancel_requested_at=operation.created_at)
        connection.close()

    in_the_step = threading.Thread(target=cancel_in_the_step, daemon=True)
    in_the_step.start()
    carry_out(taken)
    in_the_step.join()

    operation.refresh_from_db()
    assert operation.state == "cancelled"
    home = Path(settings.KYOZO["HOME"])
    assert [*home.glob("builds/build-*"), *(p for p in home.glob("trees/*") if p.is_dir())] == []
    assert runtime().images(install=INSTALL) == []
    deadline = time.monotonic() + 10
    while processes("sleep", nap) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes("sleep", nap) == []


def processes(*words: str) -> list[str]:
    """Those of this machine whose command line ends so."""
    end = "\0".join(words) + "\0"
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if file.read_text(errors="replace").endswith(end):
                found.append(file.parent.name)
    return found


def test_a_dockerfile_outside_its_build_context_is_built(own: Service) -> None:
    root = Path(own.workspace.root)
    for folder in ("web", "docker"):
        (root / folder).mkdir()
    (root / "Dockerfile").rename(root / "docker" / "web")
    (root / "hello.txt").rename(root / "web" / "hello.txt")
    image = "{context: web, dockerfile: ../docker/web}"
    (root / "compose.yaml").write_text(f"services: {{app: {{build: {image}}}}}")

    operation, _ = build(own)

    assert operation.error == {}


def test_files_that_compose_mounts_are_a_layer_of_the_image(own: Service) -> None:
    root = Path(own.workspace.root)
    mounts = "volumes: ['./my notes:/notes']"
    (root / "compose.yaml").write_text(f"services: {{app: {{build: ., {mounts}}}}}")
    (root / "my notes").write_text("first")

    _, first = build(own)
    _, again = build(own)
    (root / "my notes").write_text("second")
    _, other = build(own)

    assert 'COPY ["my notes", "/notes"]' in first.dockerfile
    assert again.is_cached
    assert other.image_ref != first.image_ref
