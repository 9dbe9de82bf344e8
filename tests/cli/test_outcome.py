"""How a failure is told: stage, line, exit code, memory, last words, what to do."""

from typing import Any

import pytest

from kyozo.cli import outcome
from kyozo.cli.answers import Operation
from kyozo.cli.screen import Screen


def failed(**error: Any) -> Operation:
    return Operation.parse(
        {"id": "1", "kind": "deploy", "state": "failed", "service_name": "api", "error": error}
    )


def told(operation: Operation, capsys: pytest.CaptureFixture[str]) -> str:
    outcome.show_failure(Screen(), operation)
    return capsys.readouterr().out


def test_a_failed_build_names_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(
        failed(
            stage="build",
            message="the build failed",
            dockerfile_line=7,
            step="RUN make",
            exit_code=2,
            tail=["make: *** no rule"],
            fix="write a Makefile",
        ),
        capsys,
    )

    assert "api: deploy failed at build" in said
    assert "Dockerfile line 7: RUN make" in said
    assert "exit code 2" in said
    assert "| make: *** no rule" in said
    assert "try: write a Makefile" in said


def test_what_the_message_says_is_not_said_twice(capsys: pytest.CaptureFixture[str]) -> None:
    message = "failed at line 7 of the Dockerfile (exit code 2): RUN make"

    said = told(failed(message=message, dockerfile_line=7, exit_code=2, step="RUN make"), capsys)

    assert said.count("RUN make") == 1
    assert said.count("exit code") == 1


def test_running_out_of_memory_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert "memory" in told(failed(message="it ended", oom=True), capsys)


def test_hostile_log_lines_stay_text(capsys: pytest.CaptureFixture[str]) -> None:
    said = told(failed(message="x", log_tail=["\x1b[2J[bold]boo[/bold]"]), capsys)

    assert "\x1b" not in said
    assert "[bold]boo[/bold]" in said


def test_an_empty_error_still_says_something(capsys: pytest.CaptureFixture[str]) -> None:
    assert "no reason was recorded" in told(failed(), capsys)
