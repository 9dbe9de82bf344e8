"""A full disk under the engine: the build fails with a reason, and what serves goes on (P4)."""

import pytest

from tests.faults.oracle import Oracle
from tests.faults.site import Site

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_full_disk_fails_the_build_and_nothing_else(site: Site, oracle: Oracle) -> None:
    with site.load() as load:
        site.change("RUN dd if=/dev/zero of=/filler bs=1M count=2048")
        failed = site.deployed()
        site.pages.pop()

    assert failed.state == "failed"
    assert "disk is full" in str(failed.error)
    assert load.failed == []
    assert oracle.troubles_at_rest() == []
    assert site.serves == site.page


def test_the_next_build_finds_the_disk_as_it_was(site: Site, oracle: Oracle) -> None:
    site.change()

    assert site.deployed().state == "succeeded"
    assert site.serves == site.page
