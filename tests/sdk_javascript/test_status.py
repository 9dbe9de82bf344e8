"""Live status: each change told once, over a socket and without one."""

from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest

from services import events
from services.accounts.tokens import revoke_token
from services.live import hub
from services.models import Event, Service
from services.teams.models import ApiToken, hash_token
from tests.conftest import Person
from tests.factories import make_service
from tests.sdk_javascript.building import NODE
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.cutting import REFUSE, CuttingProxy, answer
from tests.sdk_javascript.programs import Access, Program, Programs
from tests.waiting import wait_until

NEW_NODE = Path(str(playwright.__file__)).parent / "driver" / "node"
WATCH = """
const watch = api.services.onStatusChange((id, status, change) => {
  if (status === 'unknown') throw new Error('a listener of somebody');
  say([change.name, change.previousStatus, status, change.sequenceNumber]);
  if (status === 'stopped') watch.close();
}, {
  pollMs: 100,
  onError: (error) => say(['error', error.constructor.name, error.code ?? error.message]),
  onResync: () => say('resync'),
  ...JSON.parse(process.env.OPTIONS ?? '{}'),
});
await watch.ready;
say('ready');
await watch.closed.then(() => say('closed'), (error) => say(error.constructor.name));
"""
BARRED = """
class Barred {
  constructor() { setTimeout(() => this.onclose?.({ code: 1006 }), 10); }
  send() {}
  close() {}
}
"""
both = pytest.mark.parametrize("node", [NODE, NEW_NODE], ids=["by http", "by socket"])


@pytest.fixture
def web(alice: Person, served: Served) -> Service:
    return make_service(alice.team, name="web", status="running")


@pytest.fixture
def proxy(served: Served) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(served.port)
    yield proxy
    proxy.end()


def becomes(service: Service, status: str) -> int:
    previous, service.status = service.status, status
    service.save()
    return events.status_changed(service, previous=previous).number


def begin(js: Programs, access: Access, served: Served, node: Path, options: str = "{}") -> Program:
    program = js.begin(access, WATCH, node=node, OPTIONS=options)
    assert program.said() == "ready"
    if node == NEW_NODE:
        wait_until(lambda: served.times("SOCKET"), within_s=10, what="a socket")
    return program


@both
def test_each_change_is_told(
    js: Programs, access: Access, served: Served, web: Service, node: Path
) -> None:
    becomes(web, "starting")  # before anybody listened
    program = begin(js, access, served, node)
    numbers = [becomes(web, status) for status in ("deploying", "running", "stopped")]

    assert program.rest() == [
        ["web", "starting", "deploying", numbers[0]],
        ["web", "deploying", "running", numbers[1]],
        ["web", "running", "stopped", numbers[2]],
        "closed",
    ]
    assert bool(served.times("SOCKET")) is (node == NEW_NODE)


@both
def test_nothing_is_lost_or_repeated_over_cuts(
    js: Programs, access: Access, served: Served, proxy: CuttingProxy, web: Service, node: Path
) -> None:
    program = begin(js, access.via(proxy.port), served, node)
    heard, numbers = [], []
    for _ in range(3):
        proxy.cut()
        proxy.fates[:] = [REFUSE, answer("503 Service Unavailable")]
        numbers += [becomes(web, "deploying"), becomes(web, "running")]
        heard += [program.said()[3], program.said()[3]]
    numbers.append(becomes(web, "stopped"))
    *rest, end = program.rest()

    assert heard + [said[3] for said in rest] == numbers
    assert end == "closed"


def test_where_sockets_are_not_let_through_it_is_told_too(
    js: Programs, access: Access, web: Service
) -> None:
    """Before each try there is a look over HTTP."""
    program = js.begin(access, BARRED + WATCH.replace("pollMs: 100", "WebSocket: Barred"))
    assert program.said() == "ready"
    number = becomes(web, "stopped")

    assert program.rest() == [["web", "running", "stopped", number], "closed"]


@both
def test_only_what_is_asked_for_is_told(
    js: Programs, access: Access, served: Served, alice: Person, web: Service, node: Path
) -> None:
    other = make_service(alice.team, name="other", status="running")
    program = begin(js, access, served, node, f'{{"serviceIds": ["{web.id}"]}}')
    becomes(other, "stopped")
    becomes(web, "stopped")

    assert [said[0] for said in program.rest()] == ["web", "c"]


@both
def test_it_begins_after_a_number(
    js: Programs, access: Access, served: Served, web: Service, node: Path
) -> None:
    first = becomes(web, "deploying")
    missed = becomes(web, "stopped")
    program = js.begin(access, WATCH, node=node, OPTIONS=f'{{"since": {first}}}')

    told = [said for said in program.rest() if isinstance(said, list)]

    assert told == [["web", "deploying", "stopped", missed]]


@both
def test_a_listener_that_throws_hears_what_comes_next(
    js: Programs, access: Access, served: Served, web: Service, node: Path
) -> None:
    program = begin(js, access, served, node)
    becomes(web, "unknown")
    becomes(web, "stopped")

    first, second, end = program.rest()

    assert first == ["error", "Error", "a listener of somebody"]
    assert (second[2], end) == ("stopped", "closed")


@both
def test_it_ends_with_the_token(
    js: Programs,
    access: Access,
    served: Served,
    web: Service,
    node: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "RECHECK_S", 0.05)
    program = begin(js, access, served, node)

    revoke_token(ApiToken.objects.get(hash=hash_token(access.token)))

    code = "closed_4401" if node == NEW_NODE else "unauthorized"
    assert program.rest() == [["error", "UnauthorizedError", code], "UnauthorizedError"]


@both
def test_another_team_is_not_heard(
    js: Programs, access: Access, served: Served, charlie: Person, node: Path
) -> None:
    foreign = Access(access.base, access.token, str(charlie.team.id))
    found = js.begin(foreign, WATCH, node=node).rest()

    assert found[-1] == "NotFoundError"
    assert not [said for said in found if said in ("closed", "resync")]


def test_what_is_no_longer_kept_is_said(
    js: Programs, access: Access, served: Served, alice: Person, web: Service
) -> None:
    first, *_ = [becomes(web, status) for status in ("deploying", "running", "error", "running")]
    Event.objects.filter(number__lte=first + 2).delete()
    program = js.begin(access, WATCH, node=NEW_NODE, OPTIONS=f'{{"since": {first}}}')
    said = [program.said(), program.said()]
    becomes(web, "stopped")

    assert sorted(said) == ["ready", "resync"]
    assert [one[2] for one in program.rest() if isinstance(one, list)] == ["stopped"]


def test_after_an_hour_without_a_look_it_is_said_too(
    js: Programs, access: Access, served: Served, web: Service
) -> None:
    hour_later = "setTimeout(() => { const n = Date.now; Date.now = () => n() + 4e6; }, 300);\n"
    program = js.begin(access, hour_later + WATCH)

    assert [program.said(), program.said()] == ["ready", "resync"]


def test_the_token_goes_into_no_address(
    js: Programs, access: Access, served: Served, web: Service
) -> None:
    program = begin(js, access, served, NEW_NODE)
    becomes(web, "stopped")
    program.rest()

    assert served.times("SOCKET /live/containers?since=") == 1
    assert not [line for line in served.asked if access.token in line]
