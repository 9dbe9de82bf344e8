"""HTTP checks against little servers that behave and misbehave."""

import time

import pytest

from services.probes.base import ProbeResult
from services.probes.http import check_http
from tests.probes.apps import answering, app, closed_port, dripping

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def check(answer: bytes, *, expected: frozenset[int] = frozenset()) -> ProbeResult:
    with app(answering(answer)) as running:
        return check_http("127.0.0.1", running.port, path="/up", expected=expected, timeout_s=20)


def test_an_app_that_answers_is_healthy() -> None:
    result = check(OK)

    assert (result.ok, result.status, result.status_code, result.error) == (
        True,
        "healthy",
        200,
        "",
    )


@pytest.mark.parametrize(("status", "ok"), [(302, True), (404, True), (499, True), (500, False)])
def test_any_status_below_500_will_do_by_default(status: int, *, ok: bool) -> None:
    assert check(b"HTTP/1.0 %d Hm\r\n\r\n" % status).ok is ok


def test_a_wrong_status_is_named_with_what_was_expected() -> None:
    result = check(b"HTTP/1.1 503 Busy\r\n\r\n", expected=frozenset({204, 200}))

    assert result.status_code == 503
    assert result.error == "GET /up answered 503, expected 200, 204"


def test_a_redirect_is_not_followed() -> None:
    result = check(
        b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/\r\n\r\n", expected=frozenset({200})
    )

    assert result.status_code == 301


def test_provisional_answers_are_passed_over() -> None:
    assert check(b"HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n" + OK).status_code == 200


def test_path_and_headers_are_sent_as_configured() -> None:
    with app(answering(OK)) as running:
        check_http(
            "127.0.0.1",
            running.port,
            path="/hä?x=1",
            headers={"Host": "shop.test", "X-Probe": "1"},
            timeout_s=20,
        )

    lines = running.requests[0].split(b"\r\n")
    assert lines[0] == b"GET /h%C3%A4?x=1 HTTP/1.1"
    assert b"host: shop.test" in lines
    assert b"x-probe: 1" in lines


def test_a_refused_connection_says_what_is_most_likely_wrong() -> None:
    port = closed_port()

    result = check_http("127.0.0.1", port, timeout_s=20)

    assert result.error == (
        f"connection refused: nothing listens on port {port} "
        "(does the app listen on 127.0.0.1? it must listen on 0.0.0.0)"
    )


def test_the_time_limit_covers_an_answer_that_drips() -> None:
    with app(dripping(0.2)) as running:
        started_at = time.monotonic()
        result = check_http("127.0.0.1", running.port, timeout_s=0.4)

    assert "within 0.4 s" in result.error
    assert time.monotonic() - started_at < 20


@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"", "without an answer"), (b"\x16\x03\x01", "not HTTP"), (b"A" * 100_000, "not HTTP")],
)
def test_an_answer_that_is_not_http_says_so(answer: bytes, said: str) -> None:
    assert said in check(answer).error


def test_an_endless_body_does_not_hold_the_check_up() -> None:
    result = check(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000)

    assert result.ok
    assert result.response_time_ms < 15_000
