"""Going back: what an earlier release ran, as a new release, without a build."""

import pytest

from services.errors import ConflictError, InvalidError, NotFoundError
from services.lifecycle.deploy import deploy
from services.lifecycle.rollback import rollback
from services.models import Service
from services.runtimes.fake import FakeRuntime
from tests.services.lifecycle.working import change, crash_on_start, done, only


@pytest.fixture
def twice(deployed: Service) -> Service:
    """Release 2 serves."""
    change(deployed)
    done(lambda: deploy(deployed, actor="alice"))
    deployed.refresh_from_db()
    return deployed


def test_a_rollback_runs_the_release_before_as_a_new_one(twice: Service) -> None:
    operation = done(lambda: rollback(twice, to=None, actor="alice"))

    first, third = twice.releases.get(number=1), twice.releases.get(number=3)
    assert operation.state == "succeeded"
    assert (operation.result["release"], operation.result["rolled_back_to"]) == (3, 1)
    assert only(twice).release == third
    assert (third.image_digest, third.rolled_back_from) == (first.image_digest, 1)


def test_a_second_rollback_goes_forward_again(twice: Service) -> None:
    done(lambda: rollback(twice, to=None, actor="alice"))
    twice.refresh_from_db()

    operation = done(lambda: rollback(twice, to=None, actor="alice"))

    assert operation.result["rolled_back_to"] == 2


def test_a_release_can_be_named(twice: Service) -> None:
    operation = done(lambda: rollback(twice, to=1, actor="alice"))

    assert operation.result["rolled_back_to"] == 1


def test_the_current_release_cannot_be_gone_back_to(twice: Service) -> None:
    with pytest.raises(ConflictError, match="current"):
        rollback(twice, to=2, actor="alice")


def test_an_unknown_release_is_not_found(twice: Service) -> None:
    with pytest.raises(NotFoundError):
        rollback(twice, to=9, actor="alice")


def test_without_an_earlier_release_there_is_nothing_to_go_back_to(running: Service) -> None:
    with pytest.raises(ConflictError) as refusal:
        rollback(running, to=None, actor="alice")

    assert refusal.value.error_code == "service.wrong_state"


def test_a_release_that_never_came_up_is_passed_over(
    own_image: Service, engine: FakeRuntime
) -> None:
    done(lambda: deploy(own_image, actor="alice"))
    crash_on_start(own_image, engine)
    done(lambda: deploy(own_image, actor="alice"))
    Service.objects.filter(pk=own_image.pk).update(overrides={})
    own_image.refresh_from_db()
    change(own_image)
    done(lambda: deploy(own_image, actor="alice"))
    own_image.refresh_from_db()
    assert own_image.wanted_release is not None
    assert own_image.wanted_release.number == 3

    operation = done(lambda: rollback(own_image, to=None, actor="alice"))

    assert operation.result["rolled_back_to"] == 1


def test_an_image_that_is_gone_is_refused_at_once(twice: Service, engine: FakeRuntime) -> None:
    engine.missing_images.add(twice.releases.get(number=1).image_digest)

    with pytest.raises(InvalidError) as refusal:
        rollback(twice, to=1, actor="alice")

    assert refusal.value.error_code == "release.image_gone"
