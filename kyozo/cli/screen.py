"""The terminal: people's text to it, JSON to programs, and nothing in it that steers a terminal."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

# C0 and C1 but newline and tab, and what changes the reading direction of the rest of the line.
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")

# Where no terminal sets a width, nothing is cut or folded.
WIDE = 1000

STYLES = {
    "running": "green",
    "healthy": "green",
    "succeeded": "green",
    "ok": "green",
    "error": "red",
    "failed": "red",
    "fail": "red",
    "unhealthy": "red",
    "unknown": "yellow",
    "warn": "yellow",
    "stopped": "dim",
    "cancelled": "yellow",
}


def clean(text: object) -> str:
    """Hostile text made harmless: whole escape sequences go, then any control character left."""
    return CONTROL.sub("", ESCAPES.sub("", str(text)))


def one_line(text: object) -> str:
    return clean(text).replace("\n", " ").replace("\t", " ")


def day(moment: object) -> str:
    """Of a moment as the API writes it: 2030-01-31."""
    return one_line(moment or "")[:10]


class Screen:
    """With `--json` standard output belongs to the program that reads it; the rest is stderr."""

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json

    @cached_property
    def console(self) -> Console:
        """For people. Markup is never read from a string, because strings come from anywhere."""
        file = sys.stderr if self.is_json else sys.stdout
        return Console(
            file=file,
            width=None if file.isatty() else WIDE,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=True,
        )

    @property
    def is_interactive(self) -> bool:
        """Whether a person sits there who can answer a question."""
        return not self.is_json and sys.stdin.isatty() and self.console.is_terminal

    def say(self, text: object = "", style: str | None = None) -> None:
        self.console.print(Text(clean(text)), style=style)

    def emit(self, value: Any) -> None:
        """The answer itself, as JSON."""
        sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")

    def emit_line(self, value: Any) -> None:
        """One of many answers, a line of JSON each."""
        sys.stdout.write(json.dumps(value, default=str) + "\n")
        sys.stdout.flush()

    def note(self, text: object) -> None:
        """Beside the answer: it must not end up in what a program reads."""
        sys.stderr.write(clean(text) + "\n")

    def lines(self, lines: Iterable[object], *, indent: str = "") -> None:
        for line in lines:
            self.say(f"{indent}{one_line(line)}")

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Cells that are a known state get its colour."""
        table = Table(box=None, pad_edge=False, header_style="dim")
        for header in headers:
            table.add_column(header, overflow="fold", no_wrap=not self.console.is_terminal)
        for row in rows:
            table.add_row(*(_cell(value) for value in row))
        self.console.print(table, soft_wrap=False)


def _cell(value: object) -> Text:
    text = clean("" if value is None else value)
    return Text(text, style=STYLES.get(text, ""))
