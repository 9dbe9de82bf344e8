"""BuildKit's plain progress text -> steps that started, said something, were cached, ended."""

import re
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["step", "log", "cached", "done", "error", "note"]
TAIL_LINES = 20

VERTEX = re.compile(r"#(\d+) (.*)", re.DOTALL)
STEP = re.compile(r"\[(?:(?P<stage>\S+) )?(?P<number>\d+)/(?P<total>\d+)\] (?P<instruction>.*)")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
DONE = re.compile(r"DONE(?: (\d+(?:\.\d+)?)s)?")
SAID = re.compile(r"(\d+\.\d+) (.*)", re.DOTALL)
EXIT_CODE = re.compile(r"exit code: (\d+)")
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class BuildLine:
    """One line for the log. `step` is the step's full name; `seconds` is set when it is done."""

    text: str
    kind: Kind = "note"
    step: str = ""
    seconds: float | None = None


@dataclass(slots=True)
class Step:
    name: str
    is_cached: bool = False
    error: str = ""
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    @property
    def position(self) -> re.Match[str] | None:
        """Its stage, number and instruction, where it comes from a line of the Dockerfile."""
        return STEP.fullmatch(self.name)

    @property
    def is_work(self) -> bool:
        position = self.position
        return position is not None and not position["instruction"].startswith("FROM ")


def clean(text: str) -> str:
    """Terminal codes, control and text-direction characters out; what a bare \\r overwrote, too."""
    shown = ANSI.sub("", text).rstrip("\r").rpartition("\r")[2]
    return CONTROL.sub("", shown)


class Progress:
    """Remembers the steps while their lines go by."""

    def __init__(self) -> None:
        self.steps: dict[str, Step] = {}
        self._last_words: deque[str] = deque(maxlen=TAIL_LINES)
        self._in_summary = False

    @property
    def failed(self) -> Step | None:
        return next((step for step in self.steps.values() if step.error), None)

    @property
    def is_cached(self) -> bool:
        """Nothing had to be done: every step with work came from the cache."""
        return all(step.is_cached for step in self.steps.values() if step.is_work)

    @property
    def last_words(self) -> list[str]:
        """What the client itself said outside any step; the reason when no step failed."""
        return list(self._last_words)

    def read(self, line: str) -> list[BuildLine]:
        """The log lines this makes: none, one, or two when a step's end is glued to its output."""
        match = VERTEX.fullmatch(line)
        if match is None:
            return self._outside(line)
        if self._in_summary:
            return []
        number, rest = match.groups()
        step = self.steps.get(number)
        if step is None:
            self.steps[number] = Step(rest)
            return [BuildLine(rest, "step", rest)]
        said, ending = _split_ending(number, rest)
        lines = self._event(step, said) if said else []
        return lines + (self._event(step, ending) if ending else [])

    def _event(self, step: Step, text: str) -> list[BuildLine]:
        if text == step.name or DIGEST.fullmatch(text):
            return []
        if text == "CACHED":
            step.is_cached = True
            return [BuildLine("CACHED", "cached", step.name)]
        if done := DONE.fullmatch(text):
            return [BuildLine(text, "done", step.name, float(done[1] or 0))]
        if text.startswith("ERROR: ") or text == "ERROR":
            step.error = text.removeprefix("ERROR: ")
            return [BuildLine(step.error, "error", step.name)]
        said = SAID.fullmatch(text)
        words = said[2] if said else text
        if said:
            step.tail.append(words)
        return [BuildLine(words, "log", step.name)]

    def _outside(self, line: str) -> list[BuildLine]:
        """After `------` the client repeats the failed step; what follows the second one is new."""
        if line.strip("-") == "" and line:
            self._in_summary = not self._in_summary
            return []
        if not line.strip() or self._in_summary:
            return []
        self._last_words.append(line)
        return [BuildLine(line)]


def _split_ending(number: str, rest: str) -> tuple[str, str]:
    """Output without a last newline has the step's end on the same line: `ab#9 DONE 1.3s`."""
    head, mark, tail = rest.rpartition(f"#{number} ")
    is_ending = mark and (DONE.fullmatch(tail) or tail == "CANCELED" or tail.startswith("ERROR: "))
    return (head, tail) if is_ending else (rest, "")
