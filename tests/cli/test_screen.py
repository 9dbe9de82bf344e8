"""Nothing that comes from elsewhere steers the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kyozo.cli.screen import Screen, clean, one_line


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\rb\bc", "abc"),
        ("\x9b2Jx", "2Jx"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("tab\tand\nline", "tab\tand\nline"),
    ],
)
def test_what_steers_a_terminal_is_taken_out(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    left = {c for c in clean(text) if ord(c) < 32 or 127 <= ord(c) < 160}

    assert left <= {"\n", "\t"}


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert "\n" not in one_line(text)


def test_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().say("[red]x[/red] [link=http://evil]y[/link] :bomb:")

    assert capsys.readouterr().out == "[red]x[/red] [link=http://evil]y[/link] :bomb:\n"


def test_a_wide_table_loses_nothing_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    Screen().table(["A", "B"], [("x" * 200, "[b]y[/b]")])

    shown = capsys.readouterr().out
    assert "x" * 200 in shown
    assert "[b]y[/b]" in shown
