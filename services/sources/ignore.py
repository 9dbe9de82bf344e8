"""What of a folder is left out: `.dockerignore` as Docker reads it, and names never taken along."""

import posixpath
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from services.errors import InvalidError
from services.sources.glob import Matcher, Walker, compile_pattern
from services.sources.reading import read_text

MAX_BYTES = 256 * 1024
MAX_PATTERNS = 2_000
MAX_PATTERN = 4_096  # no path is longer
MAX_WALKED = 100  # of those that may cost seconds for one path
Parents = tuple[bool, ...]
Check = Callable[[], None]


def never() -> None:
    """The check of who reads a folder of their own: nothing stops it."""


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    keeps: bool  # written with a leading "!"
    matches: Matcher

    @property
    def literal_prefix(self) -> str | None:
        """For `!a/b`, `!a/*` and `!a/**` the fixed part; None where a wildcard may be anywhere."""
        fixed = self.text.removesuffix("/**").removesuffix("/*")
        return None if any(char in fixed for char in "*?[\\") else fixed


class Ignore:
    """Decides per path. `always` are names (of files or folders, anywhere) that are never taken."""

    def __init__(self, patterns: Sequence[str] = (), *, always: Iterable[str] = ()) -> None:
        if len(patterns) > MAX_PATTERNS:
            raise _invalid("has too many patterns")
        if any(len(pattern) > MAX_PATTERN for pattern in patterns):
            raise _invalid(f"has a pattern of more than {MAX_PATTERN} characters")
        self._patterns = tuple(_compile(pattern) for pattern in patterns)
        if sum(isinstance(one.matches, Walker) for one in self._patterns) > MAX_WALKED:
            raise _invalid(f"has more than {MAX_WALKED} patterns with three stars or more")
        self._always = frozenset(always)
        self._keepers = tuple(pattern for pattern in self._patterns if pattern.keeps)

    @classmethod
    def parse(cls, text: str, *, always: Iterable[str] = ()) -> "Ignore":
        return cls(read_patterns(text), always=always)

    def match(
        self, path: str, name: str, parents: Parents, check: Check = never
    ) -> tuple[bool, Parents]:
        """Is this path left out? The second value is handed on to what lies below it.

        A pattern that matched a folder also matches everything below; the last one that
        matches decides. `check` may raise: it is called before each pattern, because all of
        them together can take minutes for one path.
        """
        if name in self._always:
            return True, ()
        if not self._patterns:
            return False, ()
        out = False
        matched = []
        for index, pattern in enumerate(self._patterns):
            hit = bool(parents) and parents[index]
            if not hit and pattern.keeps == out:
                check()
                hit = pattern.matches(path)
            matched.append(hit)
            if hit:
                out = not pattern.keeps
        return out, tuple(matched)

    def may_keep_below(self, path: str, name: str) -> bool:
        """Whether a "!" pattern could bring back something below a folder that is left out."""
        if name in self._always:
            return False
        below = path + "/"
        return any(
            pattern.literal_prefix is None or f"{pattern.literal_prefix}/".startswith(below)
            for pattern in self._keepers
        )


def load_ignore(
    context: Path,
    *,
    dockerfile: str = "Dockerfile",
    within: Path | None = None,
    always: Iterable[str] = (),
) -> Ignore:
    """The ignore file that counts: `<dockerfile>.dockerignore` first, which lies beside the
    Dockerfile (a path `within` another folder perhaps), then `.dockerignore` of the context."""
    own = f"{PurePosixPath(dockerfile)}.dockerignore"
    for folder, name in ((within or context, own), (context, ".dockerignore")):
        text = read_text(folder, name, max_bytes=MAX_BYTES)
        if text is not None:
            return Ignore.parse(text, always=always)
    return Ignore(always=always)


def read_patterns(text: str) -> list[str]:
    """The patterns of an ignore file, without comments and blanks, paths relative and clean."""
    patterns = []
    for raw in text.removeprefix("\ufeff").split("\n"):
        line = raw.strip()
        if not line or raw.startswith("#"):
            continue
        keeps = line.startswith("!")
        path = line[1:].strip() if keeps else line
        if not path:
            raise _invalid('has a line with only "!"')
        patterns.append(("!" if keeps else "") + _clean(path))
    return patterns


def _clean(path: str) -> str:
    cleaned = posixpath.normpath(path)
    return cleaned.lstrip("/") or "/"


def _compile(text: str) -> _Pattern:
    keeps = text.startswith("!")
    body = text[1:] if keeps else text
    try:
        return _Pattern(body, keeps, compile_pattern(body))
    except ValueError as exc:
        problem = f"has the pattern {text!r}, which {exc}"
        raise _invalid(problem) from exc


def _invalid(problem: str) -> InvalidError:
    return InvalidError(
        f"the .dockerignore file {problem}",
        code="source.ignore_invalid",
        fix="Correct or remove that line of the .dockerignore file.",
    )
