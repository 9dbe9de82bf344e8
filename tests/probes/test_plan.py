"""From health_check_config to a check: what is read, what is not, what is run."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.errors import EngineError, EngineUnreachableError, InvalidError
from services.probes.plan import HealthPlan, check, plan_from
from tests.probes.apps import answering, app, closed_port


def never(argv: Sequence[str], timeout_s: float) -> tuple[int, str]:
    pytest.fail("no command was asked for")


def test_an_empty_configuration_asks_for_the_root_page() -> None:
    assert plan_from({}) == HealthPlan()
    assert plan_from({"port": None}).type == "http"


def test_every_field_is_taken() -> None:
    plan = plan_from(
        {
            "enabled": True,
            "type": "http",
            "endpoint": "/health?full=1",
            "port": 3000,
            "interval_seconds": 10,
            "timeout_seconds": 2,
            "retries": 4,
            "start_period_seconds": 5,
            "headers": {"X-Probe": "yes"},
            "expected_status_codes": [200, 204],
        }
    )

    assert (plan.port, plan.retries, plan.expected_status_codes) == (3000, 4, frozenset({200, 204}))
    assert plan.gate_seconds == 45


def test_the_gate_never_lasts_longer_than_five_minutes() -> None:
    assert plan_from({"interval_seconds": 3600, "retries": 20}).gate_seconds == 300


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enabled", "yes"),
        ("type", "ping"),
        ("type", ["http"]),
        ("endpoint", "http://169.254.169.254/latest"),
        ("endpoint", "//evil.test/"),
        ("endpoint", "health"),
        ("endpoint", "/a b"),
        ("endpoint", "/a\r\nhost: evil"),
        ("endpoint", "/" + "a" * 5000),
        ("port", 0),
        ("port", 70000),
        ("port", True),
        ("port", "80"),
        ("port", 80.5),
        ("command", []),
        ("command", [""]),
        ("command", "a 'b"),
        ("command", [1]),
        ("command", ["a", "\x00"]),
        ("interval_seconds", "1"),
        ("timeout_seconds", None),
        ("retries", True),
        ("retries", 1.5),
        ("headers", ["a"]),
        ("headers", {"a b": "c"}),
        ("headers", {"a": "b\r\nx: y"}),
        ("headers", {"a": 1}),
        ("expected_status_codes", 200),
        ("expected_status_codes", [99]),
        ("url", "/"),
    ],
)
def test_what_cannot_be_read_is_the_default(field: str, value: Any) -> None:
    assert plan_from({field: value}) == HealthPlan()


@pytest.mark.parametrize(
    ("field", "value", "used"),
    [
        ("interval_seconds", 0.5, 1),
        ("interval_seconds", 10**400, 3600),
        ("timeout_seconds", 120, 60),
        ("timeout_seconds", float("inf"), 60),
        ("retries", 0, 1),
        ("retries", 999, 100),
        ("start_period_seconds", -1, 0),
        ("start_period_seconds", 86_400, 3600),
    ],
)
def test_a_number_is_brought_into_its_limits(field: str, value: float, used: float) -> None:
    assert getattr(plan_from({field: value}), field) == used


@pytest.mark.parametrize("command", [[], [""], None])
def test_without_its_command_nothing_is_asked(command: Any) -> None:
    assert not plan_from({"type": "command", "command": command}).enabled


def test_the_configured_port_wins_over_the_services_own() -> None:
    with app(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as running:
        plan = plan_from({"port": running.port})

        assert check(plan, "127.0.0.1", closed_port(), never).ok


def test_a_tcp_check_needs_no_more_than_an_open_port() -> None:
    plan = plan_from({"type": "tcp"})
    with app(answering(b"")) as running:
        assert check(plan, "127.0.0.1", running.port, never).ok

    assert "nothing listens" in check(plan, "127.0.0.1", closed_port(), never).error


def test_a_check_without_any_port_is_refused() -> None:
    with pytest.raises(InvalidError):
        check(plan_from({"type": "tcp"}), "127.0.0.1", None, never)


def test_a_command_is_run_as_an_argument_list() -> None:
    asked: list[tuple[Sequence[str], float]] = []

    def run(argv: Sequence[str], timeout_s: float) -> tuple[int, str]:
        asked.append((argv, timeout_s))
        return 0, "ready"

    plan = plan_from({"type": "command", "command": "pg_isready -h 'a b'"})

    assert check(plan, "127.0.0.1", None, run).ok
    assert asked == [(("pg_isready", "-h", "a b"), 5)]


@pytest.mark.parametrize(
    ("exit_code", "output", "said"),
    [
        (2, "no database\n", "pg ended with exit code 2: no database"),
        (1, "", "pg ended with exit code 1"),
        (127, "not found", "pg cannot be run in this image (exit code 127)"),
    ],
)
def test_a_command_that_fails_says_how(exit_code: int, output: str, said: str) -> None:
    plan = plan_from({"type": "command", "command": ["pg"]})

    result = check(plan, "127.0.0.1", None, lambda _argv, _timeout: (exit_code, output))

    assert (result.status, result.error) == ("unhealthy", said)


def failing(error: EngineError) -> Any:
    def run(argv: Sequence[str], timeout_s: float) -> tuple[int, str]:
        raise error

    return run


def test_a_slow_command_is_unhealthy_but_a_lost_engine_is_no_verdict() -> None:
    plan = plan_from({"type": "command", "command": ["pg"], "timeout_seconds": 1})
    slow = EngineError("slow", code="engine.run_timeout")

    assert check(plan, "", None, failing(slow)).error == "pg did not end within 1 s"
    with pytest.raises(EngineUnreachableError):
        check(plan, "", None, failing(EngineUnreachableError("gone")))
