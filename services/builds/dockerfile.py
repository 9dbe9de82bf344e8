"""A Dockerfile as its logical instructions, read the way BuildKit reads it.

Versions of BuildKit disagree on details (a doubled escape at a line's end, directives, heredocs).
So `render` writes every instruction on one line of its own: however the text was spelled, what the
builder reads is what was looked at here. Line numbers stay, because blank lines fill the gaps.
What cannot be read the same way by all of them is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.builds.heredoc import Heredoc, find_heredocs
from services.builds.words import SPACE, refused, split_flags

MAX_CHARS = 512 * 1024
DEFAULT_ESCAPE = "\\"
# The value is stripped afterwards: a pattern for that would take the square of the line's length.
DIRECTIVE = re.compile(r"#[ \t]*+([a-zA-Z][a-zA-Z0-9]*+)[ \t]*+=(.+)")
KEYWORDS = frozenset(
    {"ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL"}
    | {"MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"}
)
TAKE_HEREDOCS = frozenset({"ADD", "COPY", "RUN"})
NOT_IN_ONBUILD = frozenset({"FROM", "MAINTAINER", "ONBUILD"})


@dataclass(frozen=True, slots=True)
class Instruction:
    """`text` is all behind the keyword on one line; `body` holds the lines of its heredocs."""

    keyword: str
    text: str
    line: int
    height: int = 1
    body: tuple[str, ...] = ()

    @property
    def flags(self) -> list[str]:
        return split_flags(self.text, self.line)[0]

    @property
    def arguments(self) -> str:
        return split_flags(self.text, self.line)[1]

    @property
    def trigger(self) -> "Instruction":
        """The instruction inside an ONBUILD."""
        return _instruction(self.text, self.line, self.height, self.body)

    def with_trigger(self, trigger: "Instruction") -> "Instruction":
        return replace(self, text=f"{trigger.keyword} {trigger.text}")

    def render(self) -> list[str]:
        lines = [f"{self.keyword} {self.text}", *self.body]
        return lines + [""] * (self.height - len(lines))


@dataclass(frozen=True, slots=True)
class Dockerfile:
    instructions: tuple[Instruction, ...]
    escape: str = DEFAULT_ESCAPE
    syntax: str = ""  # the image a `# syntax=` line asked for; never rendered

    def render(self) -> str:
        lines: list[str] = []
        if self.escape != DEFAULT_ESCAPE:
            lines.append(f"# escape={self.escape}")
        for instruction in self.instructions:
            lines += [""] * (instruction.line - 1 - len(lines))
            lines += instruction.render()
        return "\n".join(lines) + "\n"


def parse(text: str) -> Dockerfile:
    """InvalidError names the line that cannot be read."""
    if len(text) > MAX_CHARS:
        raise refused(1, "the file is too large")
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise refused(1, "the file is not plain UTF-8 text")
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    directives = _directives(lines)
    escape = directives.get("escape", DEFAULT_ESCAPE)
    if escape not in {"\\", "`"}:
        raise refused(1, "the escape directive takes only \\ or `")
    found = tuple(_Reader(lines, escape).instructions())
    return Dockerfile(found, escape, directives.get("syntax", ""))


def _directives(lines: list[str]) -> dict[str, str]:
    """The `# name=value` lines at the very top."""
    found: dict[str, str] = {}
    for line in lines:
        match = DIRECTIVE.fullmatch(line.lstrip(SPACE))
        if match is None:
            break
        found.setdefault(match[1].lower(), match[2].strip(" \t"))
    return found


@dataclass(slots=True)
class _Reader:
    lines: list[str]
    escape: str
    at: int = 0

    def instructions(self) -> Iterator[Instruction]:
        while self.at < len(self.lines):
            first = self.at + 1
            text = self._logical_line()
            if not text:
                continue
            if text.endswith(self.escape):
                raise refused(first, f"an instruction ends in {self.escape}")
            heredocs = self._heredocs(text, first)
            start = self.at
            for heredoc in heredocs:
                self._skip_body(heredoc, first)
            body = tuple(self.lines[start : self.at])
            yield _instruction(text, first, self.at + 1 - first, body)

    def _logical_line(self) -> str:
        """One instruction joined: comments and blank lines inside are dropped, as Docker does."""
        joined = ""
        continues = False
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            bare = line.lstrip(SPACE)
            if not bare or bare.startswith("#"):
                if continues:
                    continue
                return ""
            line = line if continues else bare
            cut = line.rstrip(" \t")
            continues = cut.endswith(self.escape)
            joined += cut[:-1] if continues else line
            if not continues:
                break
        return joined.strip(SPACE)

    def _heredocs(self, text: str, line: int) -> list[Heredoc]:
        words = re.split(r"[\t\v\f\r ]+", text, maxsplit=2)
        keyword = words[0].upper()
        if keyword == "ONBUILD" and len(words) > 1:
            keyword = words[1].upper()
        return find_heredocs(text, line) if keyword in TAKE_HEREDOCS else []

    def _skip_body(self, heredoc: Heredoc, line: int) -> None:
        if heredoc.name.upper() in KEYWORDS:
            raise refused(line, f"a heredoc may not end with the instruction {heredoc.name}")
        while self.at < len(self.lines):
            text = self.lines[self.at]
            self.at += 1
            if (text.lstrip("\t") if heredoc.strips_tabs else text) == heredoc.name:
                return
        raise refused(line, f"the heredoc {heredoc.name} is never ended")


def _instruction(text: str, line: int, height: int, body: tuple[str, ...]) -> Instruction:
    keyword, _, rest = re.sub(r"[\t\v\f\r ]+", " ", text, count=1).partition(" ")
    made = Instruction(keyword.upper(), rest.strip(SPACE), line, height, body)
    if made.keyword not in KEYWORDS:
        raise refused(line, f"{keyword[:40]!r} is no instruction")
    if made.keyword == "ONBUILD" and made.trigger.keyword in NOT_IN_ONBUILD:
        raise refused(line, f"ONBUILD cannot take {made.trigger.keyword}")
    return made
