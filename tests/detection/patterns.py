"""Every regular expression of a package, and text made to hurt it: pieces of what it matches."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import detection

# How a pattern is used: a search begins at each character, the others only at the first one.
ANCHORED = frozenset({"match", "fullmatch"})
_PARSER: Any = importlib.import_module("re._parser")
_READS_AS_ONE = re.compile(r"\\[sSdDwWbB]|\(\?|\[\^|\.[*+]|\*\?")
_CHARACTERS = {
    "CATEGORY_SPACE": " \n\t",
    "CATEGORY_DIGIT": "012",
    "CATEGORY_WORD": "a_0",
    "CATEGORY_NOT_SPACE": 'a".',
    "CATEGORY_NOT_DIGIT": "a .",
    "CATEGORY_NOT_WORD": ' ."',
}
_ANY = ' a"'
PIECES = (
    *("a", "A", "0", " ", "\t", "\n", '"', "'", "\\", "/", "*", "{", "}", "(", ")", "[", "]", "<"),
    *(">", "=", ":", ",", ".", "-", "_", "$", "#", "@", "|", "&", ";", " \n", "\n ", "\\\n", '\\"'),
    *("a ", "a=", "a.", "a/", "a:", "a-", "a\n", "1.", "//", "/*", "<!", "${", "\n#", "\n\t", "::"),
)
_FILLERS = (" ", "a", "\n", "0", "a=", '"', ".", "-")


@dataclass(slots=True)
class Use:
    """A pattern with the names of the methods that somebody calls on it."""

    text: str
    flags: int
    methods: set[str] = field(default_factory=set)

    def run(self, text: str) -> None:
        compiled = re.compile(self.text, self.flags)
        compiled.match(text)
        compiled.fullmatch(text)
        if not self.methods or self.methods - ANCHORED:
            # What costs is a search in vain, at each character again; matches only cost the test.
            for _ in islice(compiled.finditer(text), 100):
                pass


def modules() -> list[str]:
    found = pkgutil.walk_packages(detection.__path__, "detection.")
    return sorted(module.name for module in found if not module.name.endswith("__main__"))


def uses(module: str) -> list[Use]:
    """Compiled ones by their values, the others by what is written: in calls, and in tables."""
    loaded = importlib.import_module(module)
    tree = ast.parse(Path(str(loaded.__file__)).read_text())
    found: dict[tuple[str, int], Use] = {}

    def note(text: str, flags: int, methods: Iterable[str]) -> None:
        found.setdefault((text, flags), Use(text, flags)).methods.update(methods)

    called = _called(tree)
    for name, value in vars(loaded).items():
        for pattern in _compiled(value):
            note(pattern.pattern, pattern.flags & ~re.UNICODE, called.get(name, {"search"}))
    for text, flags, methods in _written(tree):
        note(text, flags, methods)
    return list(found.values())


def _called(tree: ast.Module) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.setdefault(node.value.id, set()).add(node.attr)
    return found


def _compiled(value: object) -> Iterator["re.Pattern[str]"]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        yield from _compiled(list(value.values()))
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _compiled(item)


def _written(tree: ast.Module) -> Iterator[tuple[str, int, set[str]]]:
    seen: set[int] = set()
    for node in ast.walk(tree):
        if _is_of_re(node) and isinstance(node, ast.Call) and node.args:
            seen |= {id(inner) for inner in ast.walk(node.args[0])}
            method = ast.unparse(node.func).rpartition(".")[2]
            if method not in {"compile", "escape"} and (text := _text(node.args[0])):
                yield text, _flags(node), {method}
        elif id(node) not in seen and _reads_as_one(text := _text(node)):
            yield text, int(re.MULTILINE), {"search"}


def _is_of_re(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("re.")


def _text(node: ast.AST) -> str:
    """A string as written, an `f` one with a letter for each value."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) or "x" for part in node.values)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text and isinstance(node, ast.Constant) else ""


def _flags(call: ast.Call) -> int:
    written = [ast.unparse(a) for a in [*call.args[1:], *(k.value for k in call.keywords)]]
    names = [name for text in written for name in re.findall(r"re\.([A-Z]+)", text)]
    return sum(int(re.RegexFlag[name]) for name in set(names))


def _reads_as_one(text: str) -> bool:
    # Prose that names one stands in backticks.
    if not _READS_AS_ONE.search(text) or "`" in text:
        return False
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def attacks(use: Use, count: int) -> Iterator[str]:
    """Pieces of what it matches, and what hurts most of them, over and over; then the beginnings
    of a match with a filler that goes on and on."""
    samples = {_sampled(use, repeated, variant) for repeated in (0, 1, 2) for variant in range(3)}
    own = {s[:n] for s in samples for n in range(1, len(s) + 1)}
    own |= {s[n:] for s in samples for n in range(len(s))}
    for piece in dict.fromkeys([*PIECES, *sorted(own)]):
        yield f"a{piece * count}\0"
    usual = {_sampled(use, repeated, 0) for repeated in (0, 1)}
    for head in sorted({s[:n] for s in usual for n in range(2, len(s) + 1)}):
        for filler in _FILLERS:
            yield head + filler * count + "\0"


def _sampled(use: Use, repeated: int, variant: int) -> str:
    return "".join(_sample(_PARSER.parse(use.text, use.flags), repeated, variant))[:40]


def _sample(tree: Any, repeated: int, variant: int) -> Iterator[str]:
    for operation, argument in tree:
        name = str(operation)
        if name == "LITERAL":
            yield chr(argument)
        elif name in {"NOT_LITERAL", "ANY"}:
            yield _ANY[variant]
        elif name == "IN":
            yield _one_of(argument, variant)
        elif name.endswith("_REPEAT"):
            low, high, inner = argument
            for _ in range(min(max(low, repeated), int(high))):
                yield from _sample(inner, repeated, variant)
        elif name in _GROUPS:
            yield from _sample(_GROUPS[name](argument, variant), repeated, variant)


_GROUPS: Mapping[str, Callable[[Any, int], Any]] = {
    "SUBPATTERN": lambda argument, _: argument[3],
    "ATOMIC_GROUP": lambda argument, _: argument,
    "BRANCH": lambda argument, variant: argument[1][variant % len(argument[1])],
}


def _one_of(members: Any, variant: int) -> str:
    if str(members[0][0]) == "NEGATE":
        return _ANY[variant]
    operation, argument = members[variant % len(members)]
    if str(operation) == "CATEGORY":
        return _CHARACTERS[str(argument)][variant]
    return chr(argument[0] if str(operation) == "RANGE" else argument)
