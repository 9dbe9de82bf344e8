"""Finding `<<NAME` in an instruction, and refusing every spelling that could be read two ways."""

import re
from dataclasses import dataclass

from services.builds.words import SPACE, refused
from services.errors import InvalidError

PLAIN = re.compile(r"[0-9]*<<(-?)([\"']?)([A-Za-z_][A-Za-z0-9_]*)\2(?=[\t\v\f\r ]|$)")
# A here-string, or `<<` as a word of its own (a shift): a heredoc to nobody.
HARMLESS = re.compile(r"[0-9]*<<(?:<|[\t\v\f\r ]|$)")
ANY = re.compile(r"[0-9]*<<")
# Variables with a default can hide quotes or a `<<` in ways that versions read differently.
# A `${` inside another one begins a match of its own, so the outer one need not be read past it.
HIDING = re.compile(r"\$\{(?:[^}$\"'\\<]|\$(?!\{))*+[\"'\\<]")


@dataclass(frozen=True, slots=True)
class Heredoc:
    name: str
    strips_tabs: bool


def find_heredocs(text: str, line: int) -> list[Heredoc]:
    if "<<" not in text:
        return []
    found = []
    starts, is_closed = _word_starts(text)
    for start in starts:
        if match := PLAIN.match(text, start):
            found.append(Heredoc(match[3], match[1] == "-"))
        elif ANY.match(text, start) and not HARMLESS.match(text, start):
            raise _unclear(line)
    is_json = text.partition(" ")[2].lstrip(SPACE).startswith("[")
    if not is_closed or HIDING.search(text) or (found and is_json):
        raise _unclear(line)
    return found


def _word_starts(text: str) -> tuple[list[int], bool]:
    """Where words begin outside quotes, and whether every quote is closed."""
    starts = []
    quote = ""
    at = 0
    is_between = True
    while at < len(text):
        char = text[at]
        is_space = char in SPACE and not quote
        if is_between and not is_space:
            starts.append(at)
        is_between = is_space
        if char == "\\" and quote != "'":
            at += 1
        elif quote:
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        at += 1
    return starts, not quote


def _unclear(line: int) -> InvalidError:
    return refused(
        line,
        "this use of << could be read in two ways",
        fix='Write a heredoc as <<NAME or <<"NAME" with a plain name, or put the text in a file.',
    )
