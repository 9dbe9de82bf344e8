"""What pulls are made with, and what is written down of them; a program stands in for docker."""

from pathlib import Path

import pytest
from pytest_django import Settings

from services.lifecycle.clean import clean
from services.lifecycle.images import shop
from services.models import PulledImage, Service
from services.runtimes.base import EngineImage
from services.runtimes.fake import FakeRuntime
from tests.factories import make_release

REF = "acme/tool:1"


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Path:
    """A folder on PATH with a client in it: what `had` says is here, and a pull tells how it was
    asked."""
    settings.KYOZO = {**settings.KYOZO, "HOME": tmp_path / "home", "OWN_ENGINE": False}
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "had").touch()
    program = folder / "docker"
    program.write_text(
        '#!/bin/sh\ncase "$1" in\n'
        "buildx) echo github.com/docker/buildx v0.17.1;;\n"
        f"image) cat {folder}/had;;\n"
        'pull) env; cat "$DOCKER_CONFIG/config.json" "$HOME/.docker/config.json";;\nesac\nexit 0\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def pull(ref: str = REF) -> list[str]:
    said: list[str] = []
    shop().pull(ref, log=said.append, cancelled=lambda: False)
    return said


def moved(engine: FakeRuntime, docker: Path, engine_id: str) -> str:
    """The name means a newer image, for which it is pulled anew."""
    (docker / "had").write_text(f"{engine_id} 1\n")
    engine.engine.images.pop(engine_id)
    engine.missing_images.discard(REF)
    newer = engine.add_image(REF, labels={})
    engine.engine.images[engine_id] = EngineImage(engine_id)
    return newer


@pytest.mark.django_db
def test_no_team_pulls_with_the_logins_of_who_runs_the_platform(
    docker: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    login = '{"auths": {"registry.corp": {"auth": "b3A6cw=="}}}'
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker" / "config.json").write_text(login)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / ".docker"))
    monkeypatch.setenv("DOCKER_AUTH_CONFIG", login)
    monkeypatch.setenv("https_proxy", "http://proxy:3128")

    said = "\n".join(pull("registry.corp/secret/app:1"))

    assert "registry.corp" not in said
    assert "https_proxy=http://proxy:3128" in said


@pytest.mark.django_db
def test_but_with_those_that_are_set_for_all(
    docker: Path, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"auths": {"registry.corp": {"auth": "b3A6cw=="}}}')
    settings.KYOZO = {**settings.KYOZO, "REGISTRY_CONFIG": str(tmp_path)}

    assert "registry.corp" in "\n".join(pull("registry.corp/secret/app:1"))


@pytest.mark.django_db
def test_what_comes_in_the_place_of_a_pulled_image_is_ours_and_that_one_goes(
    docker: Path, engine: FakeRuntime
) -> None:
    older = engine.add_image(REF, labels={})
    pull()

    newer = moved(engine, docker, older)
    pull()
    report = clean()

    assert [gone.name for gone in report.removed] == [older]
    assert set(engine.engine.images) == {newer}
    assert [(row.ref, row.engine_id) for row in PulledImage.objects.all()] == [(REF, newer)]


@pytest.mark.django_db
def test_what_comes_in_the_place_of_somebodys_image_is_theirs(
    docker: Path, engine: FakeRuntime
) -> None:
    theirs = engine.add_image(REF, labels={})

    moved(engine, docker, theirs)
    pull()
    clean()

    assert not PulledImage.objects.exists()
    assert theirs in engine.engine.images


def test_the_older_one_is_not_forgotten_while_it_is_needed(
    docker: Path, engine: FakeRuntime, service: Service
) -> None:
    older = engine.add_image(REF, labels={})
    pull()
    service.wanted_release = make_release(service, image_digest=older)
    service.save()

    moved(engine, docker, older)
    pull()
    clean()
    assert older in engine.engine.images
    service.wanted_release = None
    service.save()
    clean()

    assert older not in engine.engine.images


@pytest.mark.django_db
def test_a_name_that_somebody_gave_the_older_one_keeps_it(
    docker: Path, engine: FakeRuntime
) -> None:
    older = engine.add_image(REF, labels={})
    pull()
    moved(engine, docker, older)
    pull()
    engine.engine.images[older] = EngineImage(older, ("people/copy:1",))

    clean()

    assert older in engine.engine.images


@pytest.mark.django_db
def test_a_pulled_image_whose_name_somebody_gave_away_goes_too(
    docker: Path, engine: FakeRuntime
) -> None:
    older = engine.add_image(REF, labels={})
    pull()
    theirs = moved(engine, docker, older)
    PulledImage.objects.update(used_at="2020-01-01T00:00:00Z")

    clean()
    clean()

    assert set(engine.engine.images) == {theirs}
    assert not PulledImage.objects.exists()
