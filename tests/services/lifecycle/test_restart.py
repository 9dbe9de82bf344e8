"""Restarting: new instances beside the old ones, with whatever was changed."""

import pytest

from services.errors import ConflictError
from services.lifecycle.deploy import deploy
from services.lifecycle.restart import restart
from services.lifecycle.update import set_environment
from services.models import Service
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import containers, crash_on_start, done, only


def test_a_restart_replaces_the_instance_and_keeps_the_release(
    running: Service, engine: FakeRuntime
) -> None:
    before = only(running)

    operation = done(lambda: restart(running, actor="alice"))

    assert operation.state == "succeeded"
    assert (only(running).release, operation.result["release"]) == (before.release, 1)
    assert containers(engine) == {only(running).name} != {before.name}


def test_a_restart_applies_changed_settings_without_a_build(running: Service) -> None:
    builds = running.builds.count()
    set_environment(running, variables={"COLOUR": "blue"}, secret_names=None, actor="alice")
    running.refresh_from_db()
    assert running.has_pending_changes

    done(lambda: restart(running, actor="alice"))

    running.refresh_from_db()
    assert only(running).release.environment["COLOUR"] == "blue"
    assert (only(running).release.number, running.builds.count()) == (2, builds)
    assert not running.has_pending_changes


def test_a_change_that_changes_nothing_makes_no_release(running: Service) -> None:
    set_environment(running, variables={}, secret_names=[], actor="alice")

    done(lambda: restart(running, actor="alice"))

    assert running.releases.count() == 1


def test_a_failed_restart_keeps_the_old_instance(own_image: Service, engine: FakeRuntime) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    before = only(own_image)
    crash_on_start(own_image, engine)
    own_image.refresh_from_db()
    set_environment(own_image, variables={"A": "1"}, secret_names=None, actor="alice")

    operation = done(lambda: restart(own_image, actor="alice"))

    own_image.refresh_from_db()
    assert operation.state == "failed"
    assert only(own_image) == before
    assert own_image.has_pending_changes


def test_what_does_not_run_cannot_be_restarted(service: Service) -> None:
    with pytest.raises(ConflictError) as refusal:
        restart(service, actor="alice")

    assert refusal.value.error_code == "service.wrong_state"
    assert "start" in refusal.value.fix
