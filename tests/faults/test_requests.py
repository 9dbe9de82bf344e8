"""Requests that take their time are answered to the end, whatever is changed meanwhile (P5)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.faults.oracle import Oracle
from tests.faults.site import Site, ended
from tests.faults.verbs import DEPLOY, RESTART, ROLLBACK, SCALE_DOWN, Verb
from tests.load import Load, load

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SLOW = "#!/bin/sh\nsleep 1\necho Content-type: text/plain\necho\necho slow\n"
AT_ONCE = 4


@contextmanager
def slow_requests(site: Site) -> Iterator[list[Load]]:
    with ExitStack() as stack:
        url = f"{site.url}cgi-bin/slow"
        yield [stack.enter_context(load(url)) for _ in range(AT_ONCE)]


@pytest.fixture
def slow_site(site: Site) -> Site:
    script = site.folder / "cgi-bin" / "slow"
    script.parent.mkdir(exist_ok=True)
    script.write_text(SLOW, encoding="utf-8")
    script.chmod(0o755)
    site.change()
    assert site.deployed().state == "succeeded"
    return site


@pytest.mark.parametrize("verb", [DEPLOY, ROLLBACK, RESTART, SCALE_DOWN], ids=lambda v: v.name)
def test_a_slow_request_is_not_cut(verb: Verb, slow_site: Site, oracle: Oracle) -> None:
    verb.prepare(slow_site)

    with slow_requests(slow_site) as loads:
        operation = ended(verb.asked(slow_site))

    assert operation.state == "succeeded", operation.error
    assert [one.failed for one in loads] == [[]] * AT_ONCE
    assert {text for one in loads for text in one.bodies} == {"slow\n"}
    assert oracle.troubles_at_rest() == []
