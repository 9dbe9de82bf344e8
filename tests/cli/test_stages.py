"""The stage bar where no terminal is: a line a change."""

import pytest

from kyozo.cli.answers import Operation
from kyozo.cli.screen import Screen
from kyozo.cli.stages import StageBar


def building(detail: str, *, state: str = "running") -> Operation:
    step = {"name": "build", "state": state, "detail": detail, "seconds": 61.2}
    return Operation.parse({"id": "1", "service_name": "api", "steps": [step]})


def told(capsys: pytest.CaptureFixture[str], *changes: Operation) -> list[str]:
    with StageBar(Screen()) as bar:
        for operation in changes:
            bar.update(operation)
    return capsys.readouterr().out.splitlines()


def test_what_a_long_step_is_busy_with_is_said_when_it_changes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    making = building("making the base image kyozo/go:1.19, once")

    said = told(capsys, building(""), making, making, building(""), building("", state="succeeded"))

    assert said == [
        "api: build ...",
        "api: build ... (making the base image kyozo/go:1.19, once)",
        "api: build done in 61.2 s",
    ]


def test_a_detail_that_steers_a_terminal_stays_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b" not in "".join(told(capsys, building("\x1b[2Jgone\nnext")))
