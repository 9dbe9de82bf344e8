"""`kyozo logs --follow`: each line of each instance, also of one whose clock is behind."""

from types import SimpleNamespace
from typing import Any

import pytest

from kyozo.cli import streams
from kyozo.cli.answers import Service
from kyozo.cli.client import Answer, Api
from kyozo.cli.session import Session
from kyozo.cli.streams import show_lines
from tests.cli.conftest import Kyozo


class Recorder(Api):
    """Of two instances the slower one says something with an earlier time."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9", token="x", team_id="t")
        self.asked: list[dict[str, str]] = []

    def call(self, method: str, path: str, **asked: Any) -> Answer:
        self.asked.append(asked["params"])
        number = len(self.asked)
        row = {"at": f"2026-01-31T12:00:0{5 - number}Z", "text": f"line {number}"}
        return Answer({"lines": [row], "cursor": f"c{number}"})


def test_a_slower_instance_is_heard(capsys: pytest.CaptureFixture[str]) -> None:
    session, api = Session(), Recorder()
    session.__dict__["api"] = api
    service = Service.parse({"id": "s", "name": "web"})

    cursor = show_lines(session, service, lines=5)
    show_lines(session, service, cursor=cursor)

    said = capsys.readouterr()
    assert [line.split("  ")[1] for line in (said.out + said.err).splitlines()] == [
        "line 1",
        "line 2",
    ]
    assert api.asked == [{"lines": "5"}, {"cursor": "c1"}]


def test_logs_are_followed_until_ctrl_c(
    kyozo: Kyozo, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter([None, None])

    def sleep(seconds: float) -> None:
        if next(waits, seconds):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(streams, "time", SimpleNamespace(sleep=sleep))
        done = kyozo("logs", service, "--follow")

    assert (done.status, next(waits, None)) == (130, None)
