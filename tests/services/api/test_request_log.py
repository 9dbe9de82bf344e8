"""What the log has of each request, where lines are JSON: enough to find it, and nothing secret."""

import logging
from collections.abc import Callable

import pytest
from django.conf import settings as configured
from django.test import Client
from pytest_django import Settings

from services import log_lines
from services.accounts.sign_in import create_link
from tests.conftest import Api, Person
from tests.factories import make_invitation

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


@pytest.fixture
def all_lines(caplog: pytest.LogCaptureFixture) -> Callable[[], str]:
    """Everything that was logged, in both formats."""
    caplog.set_level(logging.DEBUG)
    line = logging.Formatter(configured.LOGGING["formatters"]["line"]["format"])

    def text() -> str:
        formats = (line, log_lines.JsonLines())
        return "\n".join(one.format(record) for one in formats for record in caplog.records)

    return text


@pytest.fixture(params=["join", "sign-in"])
def link(request: pytest.FixtureRequest, alice: Person) -> str:
    if request.param == "join":
        return f"/join/{make_invitation(alice.team, alice.user)[1]}"
    return f"/sign-in/{create_link(alice.user, team=alice.team)}"


def test_no_line_has_a_living_link(link: str, all_lines: Callable[[], str]) -> None:
    secret = link.rpartition("/")[2]
    strict = Client(enforce_csrf_checks=True)

    answers = [
        strict.get(link),
        strict.post(link, {}),
        strict.post(link, {}, secure=True, HTTP_REFERER=f"https://other.example{link}?x"),
        Client().delete(link),
        strict.get(f"{link}/"),
        strict.get(link.replace(secret, f" {secret}")),
        strict.get(f"//other{link.upper().replace(secret.upper(), secret)}"),
    ]

    assert [answer.status_code for answer in answers[:5]] == [200, 403, 403, 405, 404]
    said = all_lines()
    assert "Forbidden" in said
    assert "Method Not Allowed" in said
    assert "Not Found: /" in said
    assert secret not in said


def test_what_a_refused_invitation_is_called_is_not_in_it(
    client: Client, db: None, all_lines: Callable[[], str]
) -> None:
    assert client.get("/join/kyozo_invite_hunter2").status_code == 404

    assert "Not Found: /join/..." in all_lines()
    assert "hunter2" not in all_lines()
