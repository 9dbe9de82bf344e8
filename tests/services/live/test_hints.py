"""What comes over the channel of Redis is read as hostile text: ignored, said once, listened on."""

import json
import logging
from uuid import uuid4

import pytest

from services import events, relay
from services.events import Hint
from services.live.frames import loose_frame

TEAM = uuid4()


def said(**fields: object) -> bytes:
    body = json.loads(relay.written(Hint(TEAM, up_to=7))) | {"from": "another"} | fields
    return json.dumps(body).encode()


NONSENSE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"nonsense",
    "no UTF-8": b'{"from": "\xff\xfe"}',
    "UTF-16": said().decode().encode("utf-16"),
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "nested too deep": b"[" * 200_000,
    "nested too deep inside": said(frame=0).replace(b"0", b'{"a":' * 100_000, 1),
    "huge": said(frame={"text": "x" * relay.MOST_BYTES}),
    "a number too long to read": said(up_to=0).replace(b'"up_to": 0', b'"up_to": ' + b"9" * 5000),
    "a field less": b'{"from": "another"}',
    "no team": said(team_id=None),
    "a team that is no id": said(team_id="x"),
    "a team that is a number": said(team_id=7),
    "a team that is a list": said(team_id=[1]),
    "a workspace that is no id": said(workspace_id="x"),
    "a workspace that is a list": said(workspace_id=[1]),
    "up to a word": said(up_to="7"),
    "up to a half": said(up_to=1.5),
    "up to true": said(up_to=True),
    "up to less than nothing": said(up_to=-1),
    "up to beyond a column": said(up_to=2**63),
    "a frame that is a list": said(frame=[]),
    "a frame that is text": said(frame="event"),
    "a payload that is text": said(frame={"payload": "x"}),
    "a payload that is a list": said(frame={"payload": [1]}),
    "a service that is a list": said(frame={"payload": {"service_id": [1]}}),
    "a service that is a number": said(frame={"payload": {"service_id": 7}}),
    "not a number": said(frame={"cpu": float("nan")}),
    "infinite": said(frame={"cpu": 0}).replace(b'"cpu": 0', b'"cpu": 1e999'),
}


@pytest.mark.parametrize("name", NONSENSE)
def test_what_nobody_says_is_ignored_with_one_warning(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert relay.read(NONSENSE[name]) is None

    assert len(caplog.records) == 1
    assert len(caplog.text) < 500  # and does not write what came into the log


@pytest.mark.parametrize(
    "hint",
    [
        Hint(TEAM),
        Hint(TEAM, up_to=0),
        Hint(TEAM, up_to=2**63 - 1),
        Hint(TEAM, frame={}),
        Hint(TEAM, frame={"payload": None}),
        Hint(TEAM, frame={"payload": {"service_id": "x", "cpu": 1.5}}, workspace_id=uuid4()),
        Hint(TEAM, frame={"event": "build_log", "payload": {"text": "\x01\u20ac" * 32 * 1024}}),
    ],
)
def test_what_is_said_is_read(hint: Hint) -> None:
    sent = json.loads(relay.written(hint)) | {"from": "another"}

    assert relay.read(json.dumps(sent).encode()) == hint
    assert hint.frame is None or loose_frame(hint.frame, workspace_id=None).text


def test_a_listener_that_fails_keeps_nobody_from_hearing(caplog: pytest.LogCaptureFixture) -> None:
    def fails(said: Hint) -> None:
        raise ValueError("broken")

    heard: list[Hint] = []
    undo = [events.subscribe(fails), events.subscribe(heard.append)]
    try:
        events.tell(Hint(TEAM, up_to=1))
    finally:
        for unsubscribe in undo:
            unsubscribe()

    assert heard == [Hint(TEAM, up_to=1)]
    assert "a listener failed" in caplog.text
