"""The platform killed at a random moment of a deploy: nothing is lost, nothing stops serving."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.harness import Kyozo, get
from tests.e2e.kills import kill_during_deploy

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def test_a_deploy_ends_by_itself_after_a_kill(
    own_kyozo: Kyozo, site: Callable[[str], Path]
) -> None:
    place = site("kept")
    own_kyozo.deploy(place)

    for number in range(3):
        page = f"<h1>after kill {number}</h1>\n"
        outcome = kill_during_deploy(own_kyozo, place, after_s=random.uniform(0.5, 4), text=page)

        assert outcome.failed == []
        # It was taken up again, or it had not been accepted yet.
        assert outcome.state in {"succeeded", ""}
        own_kyozo.deploy(place)
        assert get(own_kyozo.url("kept")).text == page
        assert len(own_kyozo.containers("kept")) == 1
