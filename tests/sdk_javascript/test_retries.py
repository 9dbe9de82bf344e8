"""What is tried again after a cut, what never is, and that nothing is done twice."""

import time
from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from services.models import Service, Workspace
from services.teams import limits
from services.teams.models import ApiToken
from tests.conftest import Person
from tests.factories import make_service
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.cutting import LOSE, PASS, REFUSE, CuttingProxy, Fate, answer
from tests.sdk_javascript.programs import Access, Programs

Through = Callable[..., CuttingProxy]
UNAVAILABLE = answer("503 Service Unavailable", "Retry-After: 0")


@pytest.fixture
def through(served: Served) -> Iterator[Through]:
    """`through(LOSE, PASS)`: the answer to the first connection is lost."""
    made: list[CuttingProxy] = []

    def make(*fates: Fate) -> CuttingProxy:
        made.append(CuttingProxy(served.port, *fates))
        return made[-1]

    yield make
    for proxy in made:
        proxy.end()


@pytest.fixture
def web(alice: Person, workspace: Workspace) -> Service:
    return make_service(alice.team, workspace=workspace, name="web")


@pytest.mark.parametrize("fate", [REFUSE, LOSE, 40, UNAVAILABLE, answer("502 Bad Gateway")])
def test_what_is_read_is_read_again(
    js: Programs, access: Access, through: Through, web: Service, fate: Fate
) -> None:
    proxy = through(fate, fate)

    found = js.run(access.via(proxy.port), f"say(await api.services.get('{web.id}'));")

    assert found["name"] == "web"
    assert proxy.connections == 3


def test_what_is_made_is_made_once(
    js: Programs, access: Access, through: Through, served: Served, workspace: Workspace
) -> None:
    proxy = through(LOSE, LOSE, REFUSE)

    found = js.run(
        access.via(proxy.port),
        "say(await api.services.create({ name: 'once', folder_path: '/' }));",
    )

    assert found["id"] == str(Service.objects.get().id)
    assert served.times("POST") == 3


def test_two_calls_are_two_things(js: Programs, access: Access, alice: Person) -> None:
    js.run(access, "for (const _ of 'ab') await api.tokens.create({ name: 'ci' }); say(0);")

    assert ApiToken.objects.filter(name="ci").count() == 2


def test_a_key_of_ones_own_holds_over_calls(js: Programs, access: Access, alice: Person) -> None:
    js.run(
        access,
        """
        const options = { idempotencyKey: 'mine' };
        const one = await api.tokens.create({ name: 'ci' }, options);
        const two = await api.tokens.create({ name: 'ci' }, options);
        if (one.id !== two.id) throw new Error('two tokens');
        say(0);
        """,
    )

    assert ApiToken.objects.filter(name="ci").count() == 1


@pytest.mark.parametrize(
    "call",
    [
        "update('{id}', {{ name: 'new' }})",
        "replace('{id}', {{ name: 'new' }}, {{ ifMatch: etag }})",
    ],
)
def test_a_change_that_could_be_somebody_elses_is_not_sent_again(
    js: Programs, access: Access, through: Through, served: Served, web: Service, call: str
) -> None:
    proxy = through(LOSE)

    error = js.run(
        access,
        f"""
        const {{ etag }} = await api.services.get('{web.id}');
        const cut = connect({{ baseUrl: 'http://127.0.0.1:{proxy.port}/api/v1' }});
        say(await failure(() => cut.services.{call.format(id=web.id)}));
        """,
    )

    assert (error["kind"], error["code"]) == ("ConnectionFailedError", "connection_failed")
    assert proxy.connections == 1
    web.refresh_from_db()
    assert web.name == "new"


def test_what_was_removed_and_not_told_so_is_removed(
    js: Programs, access: Access, through: Through, web: Service
) -> None:
    proxy = through(LOSE)

    done = js.run(access.via(proxy.port), f"await api.services.remove('{web.id}'); say('done');")

    assert (done, proxy.connections) == ("done", 2)


def test_after_the_last_try_the_error_comes(
    js: Programs, access: Access, through: Through, web: Service
) -> None:
    proxy = through(*[UNAVAILABLE] * 9)

    error = js.run(
        access.via(proxy.port), "say(await failure(() => connect({ retries: 2 }).services.list()));"
    )

    assert (error["kind"], error["status"]) == ("UnavailableError", 503)
    assert proxy.connections == 3


def test_as_long_as_the_server_says_is_waited(
    js: Programs, access: Access, through: Through
) -> None:
    proxy = through(answer("429 Too Many Requests", "Retry-After: 1"))

    waited = js.run(
        access.via(proxy.port),
        """
        const begun = performance.now();
        await api.env.update('00000000-0000-0000-0000-000000000000', {}).catch(() => 0);
        say(performance.now() - begun);
        """,
    )

    assert waited >= 990
    assert proxy.connections == 2  # also a PATCH: it was refused before anything was done


def test_nobody_waits_for_an_hour(js: Programs, access: Access, through: Through) -> None:
    proxy = through(answer("429 Too Many Requests", "Retry-After: 3600"))
    begun = time.monotonic()

    error = js.run(access.via(proxy.port), "say(await failure(() => api.services.list()));")

    assert (error["kind"], error["retryAfter"]) == ("RateLimitedError", 3600)
    assert proxy.connections == 1
    assert time.monotonic() - begun < 15


def test_who_asks_too_much_is_told_how_long_to_wait(
    js: Programs, access: Access, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KYOZO = {**settings.KYOZO, "RATE_LIMITS": True}
    monkeypatch.setitem(limits.PLANS, "standard", 1)

    error = js.run(
        access,
        """
        const hasty = connect({ retries: 0 });
        await hasty.services.list();
        say(await failure(() => hasty.services.list()));
        """,
    )

    assert (error["kind"], error["code"]) == ("RateLimitedError", "rate_limited")
    assert 0 < error["retryAfter"] <= 3600


def test_a_time_limit_is_kept_and_not_stretched(js: Programs, access: Access) -> None:
    error, waited = js.run(
        access,
        """
        import { createServer } from 'node:net';
        const silent = createServer().listen(0, '127.0.0.1');
        await new Promise((done) => silent.once('listening', done));
        const baseUrl = `http://127.0.0.1:${silent.address().port}/api/v1`;
        const begun = performance.now();
        const error = await failure(() => connect({ baseUrl, timeoutMs: 300 }).services.list());
        say([error, performance.now() - begun]);
        process.exit();
        """,
    )

    assert (error["kind"], error["code"]) == ("TimedOutError", "timed_out")
    assert 290 <= waited < 20000


def test_an_aborted_call_throws_the_reason_at_once(
    js: Programs, access: Access, through: Through
) -> None:
    proxy = through(*[REFUSE] * 9)

    found = js.run(
        access.via(proxy.port),
        """
        const stop = new AbortController();
        setTimeout(() => stop.abort(new Error('enough')), 400);
        const patient = connect({ retries: 50 });
        const error = await failure(() => patient.services.list({}, { signal: stop.signal }));
        const late = await failure(() => api.services.list({}, { signal: stop.signal }));
        say([error.message, late.message]);
        """,
    )

    assert found == ["enough", "enough"]


def test_a_redirect_is_not_followed(js: Programs, access: Access, through: Through) -> None:
    elsewhere = through(PASS)
    moved = answer("307 Temporary Redirect", f"Location: http://127.0.0.1:{elsewhere.port}/")

    error = js.run(
        access.via(through(moved).port), "say(await failure(() => api.services.list()));"
    )

    assert (error["kind"], error["code"]) == ("ForeignAnswerError", "redirected")
    assert elsewhere.connections == 0


def test_what_is_no_api_is_said(js: Programs, access: Access, through: Through) -> None:
    error = js.run(
        access.via(through(answer("200 OK")).port), "say(await failure(() => api.services.list()));"
    )

    assert (error["kind"], error["code"]) == ("ForeignAnswerError", "not_json")
