"""Which version was asked for: places in order of precedence, ranges, conflicts as warnings."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detection import values
from detection.base_images import BASE_IMAGES, best_version, numbers
from detection.finding import Notes

_PART = re.compile(r" ?(?:,|\|\|?) ?| (?=[<>=~^])")
_NUMBER = re.compile(r"\d+(?:\.(?:\d+|[xX*]))*")


@dataclass(frozen=True, slots=True)
class Asked:
    """One place that names a version; `minimum` is set where any newer one will do as well."""

    file: str
    version: str
    line: int | None = None
    minimum: str | None = None


NOTHING = Asked("", "")


def pick(asked: Sequence[Asked], notes: Notes, *, tool: str) -> Asked:
    """The first exact one, else the first; a warning for each that names another version."""
    chosen = next((a for a in asked if a.minimum is None), asked[0] if asked else NOTHING)
    if chosen is NOTHING:
        return chosen
    notes.saw("version", chosen.file, f"{tool} {chosen.version}", line=chosen.line)
    for other in asked:
        if not _agree(chosen, other):
            wanted = f"{other.minimum} or newer" if other.minimum else other.version
            notes.warn(
                f"{chosen.file} says {tool} {chosen.version}, {other.file} says {wanted}:"
                f" took {chosen.version}"
            )
    return chosen


def _agree(one: Asked, other: Asked) -> bool:
    """True where one version is the other, a part of it (3.12 and 3.12.4), or new enough for it."""
    if other.minimum:
        return numbers(one.version) >= numbers(other.minimum)[: len(numbers(one.version))]
    a, b = numbers(one.version), numbers(other.version)
    shared = min(len(a), len(b))
    return a[:shared] == b[:shared]


def first_line(text: str | None) -> str:
    """The first line that is no comment, stripped."""
    lines = (line.strip() for line in (text or "").splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def clean(text: str) -> str | None:
    """A plain version of 'v20.1', 'python-3.12.1', '^3.11', '>=3.10,<3.13', or None.

    A range gives its lower bound: the version its author had in hand. An upper bound alone gives
    nothing.
    """
    for part in _PART.split(" ".join(text.split())):
        found = _NUMBER.search(part)
        if found and not part.startswith(("<", "!")):
            return re.sub(r"[X*]", "x", found[0])
    return None


def asked_range(file: str, text: str, *, tool: str) -> list[Asked]:
    """A version or a range: an open range gives the tool's default where that is new enough."""
    low = clean(text)
    if low is None:
        return []
    image = BASE_IMAGES[tool]
    upper = re.search(r"<\s*(\d+(?:\.\d+)*)", text)
    caret = tool == "python" and text.strip().startswith("^")
    if upper and ">" in text:
        fitting = [v for v in image.known if numbers(low) <= numbers(v) < numbers(upper[1])]
        return [Asked(file, fitting[0] if fitting else low)]
    if caret or re.match(r"\s*>=?\s*\d", text):
        best = best_version(f">={low}", (image.default, *image.known)) or low
        return [Asked(file, best, minimum=low)]
    return [Asked(file, low)]


def tool_versions(notes: Notes, *names: str) -> list[Asked]:
    """Versions from .tool-versions and mise.toml under one of a tool's names."""
    place = notes.place
    asked: list[Asked] = []
    for line, content in enumerate((place.text(".tool-versions") or "").splitlines(), start=1):
        words = content.split("#")[0].split()
        if len(words) > 1 and words[0] in names:
            asked.append(Asked(".tool-versions", words[1], line))
    for file in ("mise.toml", ".mise.toml"):
        asked.extend(_mise(notes, file, names))
    return asked


def _mise(notes: Notes, file: str, names: tuple[str, ...]) -> list[Asked]:
    if not notes.place.has(file):
        return []
    tools = values.table(notes.place.toml(file), "tools")
    found = (values.text(tools, name) or values.text(tools, name, "version") for name in names)
    return [Asked(file, version) for version in found if version]
