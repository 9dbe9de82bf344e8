"""What one process of an installation says to the others, and that saying it harms nobody."""

import json
import logging
import os
import subprocess
import sys
from uuid import UUID

import pytest
from pytest_django import Settings

from services import relay
from services.events import Hint
from tests.repository import ROOT

NOWHERE = "redis://127.0.0.1:1"
FRAME = {"event": "build_log", "payload": {"text": "\x00\ud800 é"}}
TEAM = UUID(int=7)


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on this process is another one."""
    monkeypatch.setattr(relay, "_name", "another")


@pytest.mark.parametrize(
    "said",
    [Hint(TEAM, up_to=7), Hint(TEAM, frame=FRAME, workspace_id=UUID(int=8)), Hint(TEAM)],
    ids=str,
)
def test_a_hint_arrives_as_it_was_said(said: Hint, request: pytest.FixtureRequest) -> None:
    text = relay.written(said)
    request.getfixturevalue("other")

    assert relay.read(text.encode()) == said


def test_a_process_does_not_listen_to_itself() -> None:
    assert relay.read(relay.written(Hint(TEAM, up_to=7)).encode()) is None


def spoiled(**parts: object) -> bytes:
    said = {"from": "x", "team_id": str(TEAM), "up_to": 1, "frame": None, "workspace_id": None}
    return json.dumps(said | parts).encode()


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"\xff", b"7", b"{}"),
        *(spoiled(team_id=7), spoiled(team_id="7"), spoiled(workspace_id="7")),
        *(spoiled(up_to="1"), spoiled(frame="text")),
    ],
)
def test_what_is_no_hint_is_read_over(text: bytes) -> None:
    assert relay.read(spoiled()) == Hint(TEAM, up_to=1)
    assert relay.read(text) is None


def test_installations_that_share_a_redis_do_not_hear_each_other(settings: Settings) -> None:
    ours = relay.channel()
    settings.KYOZO = {**settings.KYOZO, "INSTALL": "another"}

    assert relay.channel() != ours


def test_who_has_no_redis_loads_none() -> None:
    code = "import sys, kyozo.asgi, services.live.hub; sys.exit('redis' in sys.modules)"
    environment = {**os.environ, "KYOZO_BROKER_URL": "memory://"}

    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True)


def test_without_redis_events_cost_nothing_and_one_line_of_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "AWAY_S", 0.0)
    send = relay.Sender(NOWHERE)
    with caplog.at_level(logging.WARNING):
        for number in range(3):
            send(Hint(TEAM, up_to=number))
    send.close()

    assert len(caplog.records) == 1


def test_a_redis_that_is_away_is_left_alone_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "AWAY_S", 60.0)
    send = relay.Sender(NOWHERE)
    send(Hint(TEAM, up_to=1))
    monkeypatch.setattr(relay, "written", lambda said: pytest.fail("tried again"))
    send(Hint(TEAM, up_to=2))
    send.close()
