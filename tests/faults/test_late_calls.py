"""A call to the engine that lands after its worker was fenced out and another one has finished."""

import re

import pytest

from tests.faults.calls import CALLS, REQUESTS, Call
from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.proxy import Proxy
from tests.faults.recovery import Recovery
from tests.faults.site import Site, ended
from tests.faults.verbs import DEPLOY, Verb

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_late_call_changes_nothing_for_long(
    call: Call, site: Site, crew: Crew, wire: Proxy, oracle: Oracle, recovery: Recovery
) -> None:
    call.verb.prepare(site)

    with site.load() as load, wire.holding(call.request) as request:
        operation = call.verb.asked(site)
        sleeper = crew.at(request.sender())
        recovery.begin("engine call delayed past the lease", call, operation)
        is_sweeping = not operation.attempts  # it saw what is wanted before anybody took this
        sleeper.stop()
        recovery.taken_up(operation)
        recovery.over(operation)
        request.let_through()
        sleeper.go_on()
        if not is_sweeping:  # a sweep that has nothing left to do says nothing
            sleeper.wait_until_fenced_out()

    assert operation.state == "succeeded", operation.error
    assert oracle.troubles_at_rest() == []
    assert site.serves == site.should_serve
    assert not (call.verb.serves and load.failed)


@pytest.mark.parametrize("verb", CALLS, ids=[verb.name for verb in CALLS])
def test_no_writing_call_is_left_out(verb: Verb, site: Site, wire: Proxy, oracle: Oracle) -> None:
    verb.prepare(site)
    assert oracle.troubles_at_rest() == []  # nor is anything still to be cleared away
    before = len(wire.written)

    assert ended(verb.asked(site)).state == "succeeded"

    known = (*CALLS[verb], "untag")  # the sweep's clean-up may come just then
    written = wire.written[before:]
    assert [line for line in written if not any(is_of(line, call) for call in known)] == []


def is_of(line: str, call: str) -> bool:
    return re.fullmatch(REQUESTS[call], line) is not None


def test_a_container_made_for_a_service_that_is_gone_goes_too(
    site: Site, crew: Crew, wire: Proxy, oracle: Oracle, recovery: Recovery
) -> None:
    with wire.holding(REQUESTS["create"]) as request:
        operation = DEPLOY.asked(site)
        sleeper = crew.at(request.sender())
        recovery.begin("container created after the removal", "remove", operation)
        sleeper.stop()
        assert ended(site.remove()).state == "succeeded"
        request.let_through()
        sleeper.go_on()

        recovery.over(operation)
    assert operation.state == "cancelled"
    assert oracle.troubles_at_rest() == []
