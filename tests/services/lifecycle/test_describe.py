"""What a failure says: exit code, memory, last lines, and one next step."""

from typing import Any

import pytest

from services.errors import EngineError
from services.lifecycle import describe, hints
from services.models import Instance, Service
from services.runtimes.fake import FakeRuntime
from tests.factories import make_instance
from tests.services.lifecycle.working import only

DJANGO = "django.core.exceptions.ImproperlyConfigured: "


def instance(service: Service, **facts: Any) -> Instance:
    return make_instance(service, **{"state": "exited", "exit_code": 1, **facts})


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("ModuleNotFoundError: No module named 'flask'", "requirements"),
        ("ModuleNotFoundError: No module named 'shop.api'", "module shop.api is missing"),
        (f"{DJANGO}settings.DATABASES is improperly configured. Please supply", "DATABASE_URL"),
        (f"{DJANGO}The SECRET_KEY setting must not be empty.", "SECRET_KEY is empty"),
        (f"{DJANGO}Set the SECRET_KEY environment variable", "env set"),
        ("you must define DJANGO_SETTINGS_MODULE or call settings.configure()", "DJANGO_SETTINGS"),
        ("Error: connect ECONNREFUSED 127.0.0.1:5432", "port 5432 in the app's own"),
        ("Error: connect ECONNREFUSED ::1:6379", "port 6379 in the app's own"),
        ('at "localhost" (127.0.0.1), port 5432 failed: Connection refused', "port 5432 in the"),
        ("Error 111 connecting to localhost:6379. Connection refused.", "port 6379 in the app's"),
        ("dial tcp 127.0.0.1:5432: connect: connection refused", "port 5432 in the app's own"),
        ("Error: connect ECONNREFUSED 10.208.0.12:5432", "is it deployed"),
        ("Error: Cannot find module 'express'", "package.json"),
        ("sh: gunicorn: command not found", "--start"),
        ("can't open file 'app.py': [Errno 2] No such file or directory", "not in the image"),
        ("PermissionError: [Errno 13] Permission denied: '/app/db'", "non-root"),
        ("OSError: [Errno 98] Address already in use", "two servers"),
        ("OSError: [Errno 30] Read-only file system", "/tmp"),
        ("psycopg.OperationalError: connection refused", "is it deployed"),
        ('could not translate host name "db" to address', "under its name"),
        ("Error: getaddrinfo ENOTFOUND db", "under its name"),
        ("sqlite3.OperationalError: no such table: post", "no tables yet"),
        ('UndefinedTable: relation "post" does not exist', "no tables yet"),
        ("sqlite3.OperationalError: unable to open database file", "SQLite"),
        ("something else", "kyozo logs"),
    ],
)
def test_last_lines_lead_to_a_next_step(service: Service, line: str, hint: str) -> None:
    assert hint in describe.fix(instance(service), [line])


def test_a_command_that_ends_well_is_no_web_app(service: Service) -> None:
    assert "--start" in describe.fix(instance(service, exit_code=0), [])


@pytest.mark.parametrize("facts", [{"is_oom_killed": True}, {"exit_code": 137}])
def test_a_killed_process_needs_more_memory(service: Service, facts: dict[str, Any]) -> None:
    assert "memory_mb" in describe.fix(instance(service, **facts), ["ModuleNotFoundError"])


@pytest.mark.parametrize(
    ("facts", "phase", "words"),
    [
        ({"exit_code": 3}, "gating", "exited with code 3 while starting"),
        ({"exit_code": 3}, "settling", "exited with code 3 soon after the switch"),
        ({"exit_code": None}, "settling", "the app ended soon after the switch"),
        ({"is_oom_killed": True}, "starting", "ran out of memory"),
        ({"state": "missing"}, "gating", "the container was removed"),
        (
            {"state": "running", "health": "unhealthy", "last_probe": "status 500"},
            "settling",
            "stopped answering soon after the switch: status 500",
        ),
    ],
)
def test_the_message_says_what_happened_and_when(
    service: Service, facts: dict[str, Any], phase: str, words: str
) -> None:
    assert words in describe.failure(service, instance(service, **facts), phase)["message"]


def test_an_app_that_listens_elsewhere_is_told_where(running: Service, engine: FakeRuntime) -> None:
    row = only(running)
    engine.listeners[row.engine_id] = [("127.0.0.1", row.release.config["http_port"])]

    assert "0.0.0.0" in describe.fix(row, [])


def test_a_gate_that_never_opened_says_what_was_answered(service: Service) -> None:
    row = instance(service, state="running", last_probe="status 503")

    failure = describe.gate_timeout(row, waited_s=12.4)

    assert failure["message"] == "not healthy after 12 s: status 503"
    assert failure["stage"] == "health"


def test_without_any_instance_there_is_still_an_answer() -> None:
    failure = describe.gate_timeout(None, waited_s=1)

    assert (failure["exit_code"], failure["log_tail"]) == (None, [])
    assert failure["fix"]


def test_lines_that_cannot_be_read_are_left_out(running: Service, engine: FakeRuntime) -> None:
    row = only(running)
    engine.say(row.engine_id, "hello")
    assert describe.last_lines(row, 5) == ["hello"]

    engine.fail_next("logs", EngineError("no log driver"))
    assert describe.last_lines(row, 5) == []
    engine.fail_next("listening", EngineError("gone"))
    assert "kyozo logs" in describe.fix(row, [])


def test_secrets_are_masked_in_the_last_lines(running: Service, engine: FakeRuntime) -> None:
    row = only(running)
    row.service.environment = {"TOKEN": "hunter2-and-more"}
    row.service.secret_names = ["TOKEN"]
    engine.say(row.engine_id, "bad token hunter2-and-more")

    failure = describe.failure(running, row, "settling")

    assert failure["log_tail"] == ["bad token ****"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("KeyError: 'DATABASE_URL'", "DATABASE_URL"),
        ("ImproperlyConfigured: Set the DEBUG environment variable", "DEBUG"),
        ("UndefinedValueError: DEBUG not found. Declare it as envvar or define", "DEBUG"),
        ("Error: API_TOKEN is required", "API_TOKEN"),
        ("Missing environment variable: SECRET_KEY", "SECRET_KEY"),
        ("ImproperlyConfigured: Set the SECRET_KEY environment variable", "SECRET_KEY"),
        ("decouple.UndefinedValueError: SECRET_KEY not found. Declare it", "SECRET_KEY"),
        ("error: Environment variable not found: DATABASE_URL.", "DATABASE_URL"),
        ("KeyError: 'name'", None),
        ("nothing of the kind", None),
    ],
)
def test_a_missing_variable_is_named(line: str, name: str | None) -> None:
    assert hints.missing_variable(["before", line, "after"]) == name


def test_an_app_that_hears_only_itself_is_recognised(running: Service, engine: FakeRuntime) -> None:
    row = only(running)
    port = row.release.config["http_port"]
    for host, expected in (("127.0.0.1", True), ("0.0.0.0", False)):
        engine.listeners[row.engine_id] = [(host, port)]
        assert describe.listens_for_itself(row) is expected


def test_an_app_on_another_port_is_recognised(running: Service, engine: FakeRuntime) -> None:
    row = only(running)
    port = row.release.config["http_port"]
    engine.listeners[row.engine_id] = [("0.0.0.0", port + 1)]
    assert describe.listens_elsewhere(row)
    assert f"--port {port + 1}" in describe.fix(row, ["connection refused"])

    engine.listeners[row.engine_id].append(("0.0.0.0", port))
    assert not describe.listens_elsewhere(row)
