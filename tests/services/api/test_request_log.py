"""What the log has of each request, where lines are JSON: enough to find it, and nothing secret."""

import logging
from collections.abc import Callable

import pytest
from pytest_django import Settings

from services import log_lines
from tests.conftest import Api

Told = Callable[[], list[logging.LogRecord]]


@pytest.fixture(autouse=True)
def _logs_requests(settings: Settings) -> None:
    settings.KYOZO = {**settings.KYOZO, "LOG_REQUESTS": True}


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[logging.LogRecord]]:
    caplog.set_level(logging.INFO, logger="kyozo.requests")
    return lambda: [line for line in caplog.records if line.name == "kyozo.requests"]


def test_a_request_is_a_line_with_its_status(api: Api, told: Told) -> None:
    api.get(api.at("/services"))

    (line,) = told()
    assert line.getMessage() == f"GET {api.at('/services')}"
    assert line.__dict__["fields"]["status"] == 200


def test_neither_the_query_nor_a_link_to_sign_in_is_in_it(api: Api, told: Told) -> None:
    api.get(api.at("/services"), {"search": "hunter2"})
    api.get("/sign-in/hunter2")
    api.get("/no/such/hunter2")

    assert len(told()) == 3
    assert not any("hunter2" in line.getMessage() for line in told())


def test_who_watches_the_process_fills_no_log(api: Api, told: Told) -> None:
    api.get("/api/v1/health/live")

    assert told() == []


def test_the_id_is_over_with_its_request(api: Api) -> None:
    api.get(api.at("/services"))

    assert log_lines.request_id.get() == ""
