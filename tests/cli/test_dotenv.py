"""A .env file is read as text: no expansion, no program."""

from pathlib import Path

import pytest

from kyozo.cli import dotenv
from kyozo.cli.errors import CliError


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("export A=b", "b"),
        ("A = b ", "b"),
        ("A=", ""),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A=$B ${C} `d` $(e)", "$B ${C} `d` $(e)"),
        ("A='$b \\n'", "$b \\n"),
        ('A="b\\nc"', "b\nc"),
        ('A="a \\"b\\" \\\\"', 'a "b" \\'),
        ('A="b" # comment', "b"),
        ("A=b=c", "b=c"),
        ("A='b\nc'", "b\nc"),
        ('A="b\n# no comment\nc"', "b\n# no comment\nc"),
    ],
)
def test_a_value_is_what_is_written(line: str, value: str) -> None:
    assert dotenv.parse(line) == {"A": value}


def test_blank_lines_and_comments_say_nothing() -> None:
    assert dotenv.parse("\n# A=b\n\nB=c\n") == {"B": "c"}


@pytest.mark.parametrize("text", ["A", "1A=b", "A B=c", "A='b", 'A="b'])
def test_what_cannot_be_read_names_its_line(text: str) -> None:
    with pytest.raises(CliError, match=r"\.env:2: "):
        dotenv.parse(f"\n{text}")


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"A=\xff")

    with pytest.raises(CliError, match="not UTF-8"):
        dotenv.read(file)
