"""`kyozo clean` against a running platform."""

import pytest

from tests.cli.conftest import Kyozo

pytestmark = pytest.mark.timeout(120)


def test_it_says_that_there_is_nothing_to_clean(kyozo: Kyozo, service: str) -> None:
    assert kyozo("clean").status == 0  # what other tests of this platform left

    done = kyozo("clean", "--dry-run")

    assert (done.status, done.out) == (0, "nothing to clean\n")
    assert kyozo("status", service).status == 0


def test_programs_get_the_whole_report(kyozo: Kyozo) -> None:
    assert kyozo("clean").status == 0  # what other tests of this platform left

    report = kyozo("clean", "--json").json

    assert report == {"is_dry_run": False, "removed": [], "refused": [], "freed_bytes": 0}
