"""What a line of events and of a service's status says."""

from typing import Any

import pytest

from kyozo.cli.happenings import what_happened


@pytest.mark.parametrize(
    ("kind", "outcome", "said"),
    [
        ("deploy", "failed", "deployment_failed"),
        ("deploy", "superseded", "deployment_failed (deploy superseded)"),
        ("scale", "failed", "deployment_failed (scale failed)"),
        ("restart", "cancelled", "deployment_failed (restart cancelled)"),
    ],
)
def test_it_names_what_did_not_end_as_asked(kind: str, outcome: str, said: str) -> None:
    data = {"kind": kind, "outcome": outcome}

    assert what_happened({"event_type": "deployment_failed", "event_data": data}) == said


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"event_type": "x_completed", "event_data": {"kind": "scale", "outcome": "succeeded"}},
            "x_completed",
        ),
        ({"event_type": "container_started", "event_data": None}, "container_started"),
        ({"event_type": None, "event_data": {"status": "running"}}, "status running"),
        ({"status": "error"}, "status error"),
    ],
)
def test_the_rest_is_told_by_its_type_or_status(row: dict[str, Any], said: str) -> None:
    assert what_happened(row) == said
