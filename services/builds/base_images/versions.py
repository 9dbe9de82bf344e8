"""Does a version satisfy what an app asks for? Reads the spellings of all our ecosystems.

An offered version is a line such as 3.11 or 22: parts it does not name agree with anything.
"""

import re
from collections.abc import Callable

Numbers = tuple[int, ...]
Comparator = tuple[str, Numbers]
Alternatives = list[list[Comparator]]

ANY = frozenset({"", "*", "x", "any", "latest", "stable", "current", "node", "lts", "lts/*"})
NODE_LTS = {"gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22", "krypton": "24"}
NAME = re.compile(r"^(?:python|ruby|nodejs|node|golang|go|php|java|openjdk|jdk|temurin)[-@]?(?=\d)")
OLD_JAVA = re.compile(r"^1\.8(?:\.0(?:_\d+)?)?$")
GAP = re.compile(r"(\^|~>|[<>=~!]=?=?)\s+")
HYPHEN = re.compile(r"v?(\d[\d.]*) - v?(\d[\d.]*)")
COMPARATOR = re.compile(
    r"(\^|~>|~=|~|>=|<=|===|==|!=|=|>|<)?v?(\d+(?:\.\d+)*)(?:\.[x*])*(?:[-+]\S+)?"
)


def numbers(version: str) -> Numbers:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def parse(request: str) -> Alternatives | None:
    """The alternatives asked for, each a list of comparators that must all hold.

    [] means any version will do, None that the request cannot be read.
    """
    text = _plain(request)
    if text in ANY:
        return []
    alternatives = [_comparators(part.strip()) for part in re.split(r"\|\|?", text)]
    return alternatives if all(alternatives) else None


def _plain(request: str) -> str:
    text = request.strip().lower()
    if text.startswith("lts/"):
        return NODE_LTS.get(text.removeprefix("lts/"), text)
    text = NAME.sub("", text)
    return "8" if OLD_JAVA.match(text) else text


def _comparators(text: str) -> list[Comparator]:
    if hyphen := HYPHEN.fullmatch(text):
        return [(">=", numbers(hyphen[1])), ("<=", numbers(hyphen[2]))]
    found: list[Comparator] = []
    for piece in GAP.sub(r"\1", text).replace(",", " ").split():
        match = COMPARATOR.fullmatch(piece)
        if match is None:
            return []
        found.append((match[1] or "", numbers(match[2])))
    return found


def satisfies(offered: str, asked: Alternatives, *, precision: int, loose_tilde: bool) -> bool:
    """Whether a line is inside. Of a plain version only `precision` parts count."""
    if not asked:
        return True
    line = numbers(offered)
    return any(
        all(_holds(line, *one, precision=precision, loose_tilde=loose_tilde) for one in group)
        for group in asked
    )


def _holds(line: Numbers, sign: str, bound: Numbers, *, precision: int, loose_tilde: bool) -> bool:
    if sign in {"", "=", "==", "==="}:
        return _agree(line, bound[:precision])
    if sign == "~" and loose_tilde:
        sign = "~>"
    if sign in RANGES:
        return _cut(line, bound) >= bound[: len(line)] and _agree(line, RANGES[sign](bound))
    return ORDERS[sign](_cut(line, bound), bound[: len(line)], len(bound) > len(line))


def _cut(line: Numbers, bound: Numbers) -> Numbers:
    return line[: len(bound)]


def _agree(line: Numbers, prefix: Numbers) -> bool:
    """Equal as far as both go: 3.11 agrees with 3.11.4 and with 3."""
    shared = min(len(line), len(prefix))
    return line[:shared] == prefix[:shared]


def _caret(bound: Numbers) -> Numbers:
    """Up to the next change of the first number that is not zero."""
    leading = next((index for index, part in enumerate(bound) if part), 0)
    return bound[: leading + 1]


# Each gives the parts that may not change.
RANGES: dict[str, Callable[[Numbers], Numbers]] = {
    "^": _caret,
    "~": lambda bound: bound[:2],
    "~>": lambda bound: bound[: max(1, len(bound) - 1)],
    "~=": lambda bound: bound[: max(1, len(bound) - 1)],
}
# (line, bound, finer): cut to one length; finer when the bound names parts the line does not.
ORDERS: dict[str, Callable[[Numbers, Numbers, bool], bool]] = {
    ">=": lambda line, bound, _: line >= bound,
    ">": lambda line, bound, finer: line > bound or (finer and line == bound),
    "<=": lambda line, bound, _: line <= bound,
    "<": lambda line, bound, _: line < bound,
    "!=": lambda line, bound, finer: line != bound or finer,
}
