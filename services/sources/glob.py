"""Docker's ignore patterns as matchers: not gitignore's, and linear in time for hostile ones."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Matcher = Callable[[str], bool]
Kind = Literal["char", "any", "star", "deep", "all", "class"]

# From three stars on a backtracking match can take minutes, so those walk all states at once.
STARS_FOR_REGEX = 2
STARS = frozenset({"star", "deep", "all"})


@dataclass(frozen=True, slots=True)
class Token:
    """`star` is `*`, `deep` a `**` before more (any number of folders), `all` a last `**`."""

    kind: Kind
    text: str = ""

    @property
    def regex(self) -> str:
        return {
            "char": re.escape(self.text),
            "any": "[^/]",
            "star": "[^/]*",
            "deep": "(?:.*/)?",
            "all": ".*",
            "class": self.text,
        }[self.kind]


WILDCARDS = {"*": Token("star"), "?": Token("any")}


def compile_pattern(pattern: str) -> Matcher:
    """A matcher for one cleaned pattern; ValueError where Docker would not accept it."""
    tokens = _tokens(pattern)
    if sum(token.kind in STARS for token in tokens) <= STARS_FOR_REGEX:
        regex = "".join(token.regex for token in tokens)
        match = re.compile(regex, re.DOTALL).fullmatch
        return lambda path: match(path) is not None
    return Walker(tokens)


def _tokens(pattern: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        token, at = _token(pattern, at)
        tokens.append(token)
    plain_suffix = tokens and tokens[0].kind == "deep" and not pattern.startswith("**/")
    if plain_suffix and all(token.kind == "char" for token in tokens[1:]):
        tokens[0] = Token("all")  # Docker takes "**name" as "ends in name"
    return tokens


def _token(pattern: str, at: int) -> tuple[Token, int]:
    char = pattern[at]
    if pattern.startswith("**", at):
        end = at + 3 if pattern.startswith("/", at + 2) else at + 2
        return Token("all" if end == len(pattern) else "deep"), end
    if char in WILDCARDS:
        return WILDCARDS[char], at + 1
    if char == "[":
        return _class(pattern, at)
    if char != "\\":
        return Token("char", char), at + 1
    if at + 1 == len(pattern):
        raise ValueError("ends in a single backslash")
    return Token("char", pattern[at + 1]), at + 2


def _class(pattern: str, at: int) -> tuple[Token, int]:
    found = re.compile(r"\[(\^?)((?:[^\]\\]|\\.)+)\]").match(pattern, at)
    if found is None:
        raise ValueError("has a [ that is never closed")
    # Inside a set Python gives a meaning to [ & ~ | that Go's regular expressions do not.
    inner = re.sub(r"\\(.)|([\[&~|])", lambda m: re.escape(m[1] or m[2]), found[2])
    text = f"[{found[1]}{inner}]"
    try:
        re.compile(text)
    except re.error as exc:
        problem = f"has a bad set {found[0]}"
        raise ValueError(problem) from exc
    return Token("class", text), found.end()


def _taker(token: Token) -> Matcher:
    """Whether a token that stands for one character stands for this one."""
    if token.kind == "class":
        match = re.compile(token.text, re.DOTALL).match
        return lambda char: match(char) is not None
    return token.text.__eq__ if token.kind == "char" else "/".__ne__


class Walker:
    """Goes through a path once with the set of all places in the pattern that are possible.

    A place is a number and whether we are inside its `**/`, which only a slash ends.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self._kinds: list[Kind | None] = [token.kind for token in tokens]
        self._kinds.append(None)
        # Compiled are sets only: compiling one expression for each character takes a minute.
        self._takes = [_taker(token) for token in tokens]

    def __call__(self, path: str) -> bool:
        places = set(self._reach(0))
        for char in path:
            places = {new for place, _ in places for new in self._step(place, char)}
            if not places:
                return False
        return (len(self._takes), False) in places

    def _reach(self, place: int) -> Iterator[tuple[int, bool]]:
        """A place, and what follows it while stars may match nothing."""
        yield place, False
        while self._kinds[place] in STARS:
            place += 1
            yield place, False

    def _step(self, place: int, char: str) -> Iterator[tuple[int, bool]]:
        kind = self._kinds[place]
        if kind == "all" or (kind == "star" and char != "/"):
            yield from self._reach(place)
        elif kind == "deep":
            yield place, True
            if char == "/":
                yield from self._reach(place + 1)
        elif kind not in {"star", None} and self._takes[place](char):
            yield from self._reach(place + 1)
