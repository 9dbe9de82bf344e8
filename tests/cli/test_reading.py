"""ls, status, logs, events, open: what is shown of a running service."""

import json
import sqlite3
from contextlib import closing
from uuid import UUID

import pytest

from tests.cli.conftest import Kyozo
from tests.running_platform import RunningPlatform

pytestmark = pytest.mark.timeout(120)


def test_ls_and_status_agree(kyozo: Kyozo, service: str) -> None:
    listed = next(row for row in kyozo("ls", "--json").json if row["name"] == service)
    shown = kyozo("status", service, "--json").json

    assert (listed["id"], listed["status"]) == (shown["id"], shown["status"])


def test_status_says_how_old_its_knowledge_is(kyozo: Kyozo, service: str) -> None:
    done = kyozo("status", service)

    assert "seen" in done.out
    assert "s ago" in done.out
    assert "deployment_completed" in done.out


def test_the_beginning_of_a_name_is_enough(kyozo: Kyozo, service: str) -> None:
    assert kyozo("status", service[:-1], "--json").json["name"] == service


def test_events_tell_the_deployment_in_order(kyozo: Kyozo, service: str) -> None:
    rows = [
        json.loads(line)
        for line in kyozo("events", "-n", "50", "--service", service, "--json").out.splitlines()
    ]

    numbers = [row["sequence_number"] for row in rows]
    assert numbers == sorted(numbers)
    assert "deployment_completed" in {row["event_type"] for row in rows}


def test_as_many_events_as_were_asked_for(kyozo: Kyozo, service: str) -> None:
    assert len(kyozo("events", "--limit", "1", "--service", service).out.splitlines()) == 1


def test_the_log_of_the_last_build_can_be_read(kyozo: Kyozo, service: str) -> None:
    done = kyozo("logs", service, "--build")

    assert done.status == 0


def test_logs_of_a_service_are_lines(kyozo: Kyozo, service: str) -> None:
    done = kyozo("logs", service, "-n", "5", "--json")

    assert done.status == 0
    assert all("text" in json.loads(line) for line in done.out.splitlines())


def test_logs_of_one_instance_are_asked_for_by_name(
    kyozo: Kyozo, service: str, platform: RunningPlatform
) -> None:
    kyozo("stop", service)
    name = leave_last_words(platform, kyozo("status", service, "--json").json["id"])

    found = [kyozo("logs", service, "--instance", one, "--json") for one in (name, "nobody")]

    assert [done.status for done in found] == [0, 0]
    assert [done.out.count("last words") for done in found] == [1, 0]


def leave_last_words(platform: RunningPlatform, service_id: str) -> str:
    """By the instance of that service that ended; its name. Those in memory never say anything."""
    words = ("2026-01-31T12:00:00Z stdout last words", UUID(service_id).hex)
    with closing(sqlite3.connect(platform.state.root / "kyozo.sqlite3")) as db:
        statement = (
            "UPDATE services_instance SET last_lines = ? "
            "WHERE service_id = ? AND removed_at IS NOT NULL RETURNING name"
        )
        [(name,)] = db.execute(statement, words).fetchall()
        db.commit()
    return str(name)


def test_open_prints_the_address(kyozo: Kyozo, service: str) -> None:
    assert kyozo("open", service).out.startswith("http://127.0.0.1:")


def test_open_makes_a_link_that_signs_in(kyozo: Kyozo) -> None:
    assert "/sign-in/" in kyozo("open", "--json").json["url"]
