"""A call to the engine that lands after its worker was fenced out and another one has finished."""

from dataclasses import dataclass

import pytest

from tests.faults.crew import Crew
from tests.faults.oracle import Oracle
from tests.faults.proxy import Proxy
from tests.faults.recovery import Recovery
from tests.faults.site import Site, ended
from tests.faults.verbs import DEPLOY, REMOVE, SCALE_DOWN, SCALE_UP, STOP, Verb

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Call:
    """A writing call of one verb."""

    verb: Verb
    name: str

    def __str__(self) -> str:
        return f"{self.verb.name}-{self.name}"


REQUESTS = {
    "create": "POST /containers/create",
    "start": "POST /containers/[^/]+/start",
    "update": "POST /containers/[^/]+/update",
    "stop": "POST /containers/[^/]+/stop",
    "delete": "DELETE /containers/[^/]+",
}
CALLS = (
    *(Call(DEPLOY, name) for name in REQUESTS),
    *(Call(SCALE_UP, name) for name in ("create", "start", "update")),
    *(Call(verb, name) for verb in (SCALE_DOWN, STOP, REMOVE) for name in ("stop", "delete")),
)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_late_call_changes_nothing_for_long(
    call: Call, site: Site, crew: Crew, wire: Proxy, oracle: Oracle, recovery: Recovery
) -> None:
    call.verb.prepare(site)

    with site.load() as load, wire.holding(REQUESTS[call.name]) as request:
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
