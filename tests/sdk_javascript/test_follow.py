"""A followed log: each line once, whatever happens to its connections."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from services.accounts.tokens import revoke_token
from services.lifecycle.remove import remove
from services.live import log_stream
from services.models import Service
from services.runtimes.base import LogLine
from services.teams.models import ApiToken, hash_token
from tests.sdk_javascript.conftest import Served
from tests.sdk_javascript.cutting import CuttingProxy, answer
from tests.sdk_javascript.programs import Access, Programs
from tests.services.lifecycle.conftest import _short_times, engine, running
from tests.services.lifecycle.working import carry_out_all, only
from tests.waiting import wait_until

__all__ = ["_short_times", "engine", "running"]

Say = Callable[..., None]
FOLLOW = """
const options = JSON.parse(process.env.OPTIONS ?? '{}');
try {
  for await (const { line } of api.services.followLogs(process.env.WEB, options)) {
    say(line);
    if (line === 'last') break;
  }
  say('over');
} catch (error) { say([error.constructor.name, error.code]); }
"""


@pytest.fixture
def running_web(served: Served, running: Service) -> Service:
    """The server is there first, so that its tables are not of a transaction."""
    return running


@pytest.fixture
def speak(running_web: Service, engine: Any) -> Say:
    lines: list[LogLine] = engine.engine.find(only(running_web).engine_id).lines

    def say(*texts: str) -> None:
        for text in texts:
            at = f"2026-01-31T12:{len(lines) // 60:02}:{len(lines) % 60:02}Z"
            lines.append(LogLine(at, "stdout", text))

    return say


@pytest.fixture
def proxy(served: Served) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(served.port)
    yield proxy
    proxy.end()


def asked(served: Served) -> list[dict[str, list[str]]]:
    return [parse_qs(urlsplit(line).query) for line in served.asked if "/logs?" in line]


def test_lines_come_as_they_are_said(
    js: Programs, access: Access, running_web: Service, speak: Say
) -> None:
    speak("one")
    program = js.begin(access, FOLLOW, WEB=str(running_web.id))
    first = program.said()
    speak("two")
    second = program.said()
    speak("last")

    assert [first, second, *program.rest()] == ["one", "two", "last", "over"]


def test_what_is_said_while_the_connection_is_cut_comes_once(
    js: Programs,
    access: Access,
    served: Served,
    proxy: CuttingProxy,
    running_web: Service,
    speak: Say,
) -> None:
    speak("one", "two")
    options = json.dumps({"lines": 1})
    program = js.begin(access.via(proxy.port), FOLLOW, WEB=str(running_web.id), OPTIONS=options)
    heard = [program.said()]
    for number in range(3):
        proxy.cut()
        speak(f"while cut {number}")
        heard.append(program.said())
        speak(f"after it {number}")
        heard.append(program.said())
    speak("last")
    heard += program.rest()

    expected = [f"{when} {number}" for number in range(3) for when in ("while cut", "after it")]
    assert heard == ["two", *expected, "last", "over"]
    first, *others = asked(served)
    assert len(others) == 3
    assert (first.get("lines"), "cursor" in first) == (["1"], False)
    assert all("cursor" in query and "lines" not in query for query in others)


@pytest.mark.parametrize("size", [1, 150, 333, 700, 1200, 2000])
def test_a_line_that_was_cut_in_two_comes_whole(
    js: Programs, access: Access, proxy: CuttingProxy, running_web: Service, speak: Say, size: int
) -> None:
    texts = [f"ünïcödé {number} {'x' * 40}" for number in range(12)]
    speak(*texts, "last")
    proxy.fates[:] = [size, size, 1500]

    program = js.begin(access.via(proxy.port), FOLLOW, WEB=str(running_web.id))

    assert program.rest() == [*texts, "last", "over"]
    assert proxy.connections >= 3


def test_a_server_that_comes_back_later_is_waited_for(
    js: Programs,
    access: Access,
    served: Served,
    proxy: CuttingProxy,
    running_web: Service,
    speak: Say,
) -> None:
    speak("one", "last")
    proxy.fates[:] = [answer("503 Service Unavailable"), answer("429 Slow", "Retry-After: 1")]

    program = js.begin(access.via(proxy.port), FOLLOW, WEB=str(running_web.id))

    assert program.rest() == ["one", "last", "over"]
    assert (proxy.fates, len(asked(served))) == ([], 1)


def test_a_server_that_stays_away_is_said(
    js: Programs, access: Access, proxy: CuttingProxy, running_web: Service
) -> None:
    proxy.fates[:] = [answer("503 Service Unavailable")] * 9

    found = js.run(
        access.via(proxy.port), FOLLOW, WEB=str(running_web.id), OPTIONS='{"retries": 2}'
    )

    assert found == ["UnavailableError", "http_503"]
    assert proxy.connections == 3


def test_a_silent_connection_is_made_anew(
    js: Programs, access: Access, proxy: CuttingProxy, running_web: Service, speak: Say
) -> None:
    speak("one")
    options = json.dumps({"idleMs": 400})
    program = js.begin(access.via(proxy.port), FOLLOW, WEB=str(running_web.id), OPTIONS=options)
    heard = [program.said()]
    wait_until(lambda: proxy.connections >= 3, within_s=20, what="connections")
    speak("last")

    assert [*heard, *program.rest()] == ["one", "last", "over"]


def test_it_ends_with_the_service(
    js: Programs,
    access: Access,
    running_web: Service,
    speak: Say,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_stream, "RECHECK_S", 0.05)
    speak("one")
    program = js.begin(access, FOLLOW, WEB=str(running_web.id))
    heard = [program.said()]

    remove(running_web, actor="alice")
    carry_out_all()

    assert [*heard, *program.rest()] == ["one", "over"]


def test_it_ends_with_the_token(
    js: Programs,
    access: Access,
    running_web: Service,
    speak: Say,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(log_stream, "RECHECK_S", 0.05)
    speak("one")
    program = js.begin(access, FOLLOW, WEB=str(running_web.id))
    heard = [program.said()]

    token = ApiToken.objects.get(hash=hash_token(access.token))
    revoke_token(token)

    assert [*heard, *program.rest()] == ["one", ["UnauthorizedError", "access_ended"]]


def test_it_is_left_by_the_signal(
    js: Programs, access: Access, running_web: Service, speak: Say
) -> None:
    speak("one")

    found = js.run(
        access,
        """
        const control = new AbortController();
        const lines = [];
        const error = await failure(async () => {
          const log = api.logs.follow(process.env.WEB, { signal: control.signal });
          for await (const { line } of log) {
            lines.push(line);
            setTimeout(() => control.abort(), 100);
          }
        });
        say([lines, error.kind]);
        """,
        WEB=str(running_web.id),
    )

    assert found == [["one"], "DOMException"]


def test_of_another_team_there_is_nothing_to_follow(
    js: Programs, access: Access, running_web: Service
) -> None:
    nobody = "00000000-0000-0000-0000-000000000000"

    assert js.run(access, FOLLOW, WEB=nobody) == ["NotFoundError", "not_found"]
