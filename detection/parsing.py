"""Real parsers behind one error type, with limits that hostile documents run into."""

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from xml.parsers import expat

import yaml

YAML_CAP = 512 * 1024
# What reads YAML nests calls as the text nests, on a stack that ends the process when it is full.
YAML_DEPTH = 200
# With all that `<<` adds.
MOST_KEYS = 500_000
LONGEST_NUMBER = 100
_INDENTED = re.compile(r"^[ \t?:-]++", re.MULTILINE)
# `!!int ''`, `!!bool x`, `!!timestamp x`: a tag that a value does not fit fails in ways of its own.
_YAML_FAILURES = (
    yaml.YAMLError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_SAFE: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A string or a comment that is never closed goes to the end: looked for again at each of its
# characters, a text full of quotes would take for ever.
_DOUBLE = r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)'
_SINGLE = r"'(?:\\.|[^'\\])*+(?:'|\\?\Z)"
_REMARK = r"//[^\n]*+|/\*.*?(?:\*/|\Z)"
_COMMENT = re.compile(rf"({_DOUBLE})|{_REMARK}", re.DOTALL)
_TRAILING_COMMA = re.compile(rf"({_DOUBLE})|,(?=\s*+[}}\]])", re.DOTALL)
# A string, a comment, a key with its colon, a tab: what JSON5 writes unlike YAML.
_JSON5 = re.compile(rf"({_DOUBLE}|{_SINGLE})|{_REMARK}|(?<![\w$])([\w$]++)\s*+:|\t", re.DOTALL)
_ENV_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$")


class ParseError(ValueError):
    """The document is not what its name says."""


class _Loader(_SAFE):  # type: ignore[misc, valid-type]
    """Safe, and indifferent to others' tags: `!reset []` is a list, `!!python/name:x` text."""

    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Each key once: `<<: [*a, *a]` doubles them, and forty such lines take all memory."""
        super().flatten_mapping(node)
        node.value = list({id(key): (key, value) for key, value in node.value}.values())
        self.merged += len(node.value)
        if self.merged > MOST_KEYS:
            raise yaml.YAMLError(f"more than {MOST_KEYS} keys")


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


def _number(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    """`1:1:1` and so on is a number to base 60, whose making takes the square of its length."""
    if not isinstance(node, yaml.ScalarNode):
        raise yaml.YAMLError("a number is one value")
    if len(node.value) > LONGEST_NUMBER:
        return node.value
    is_whole = node.tag.endswith("int")
    made: object = (loader.construct_yaml_int if is_whole else loader.construct_yaml_float)(node)
    return made


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _number)
for _prefix in ("!", "tag:yaml.org,2002:python/"):
    _Loader.add_multi_constructor(_prefix, _plain)


def parse_json(text: str) -> object:
    """JSON, and JSON with comments and trailing commas where plain JSON fails."""
    try:
        return _load_json(text)
    except ParseError:
        bare = _COMMENT.sub(lambda m: m[1] or " ", text)
        return _load_json(_TRAILING_COMMA.sub(lambda m: m[1] or "", bare))


def _load_json(text: str) -> object:
    try:
        loaded: object = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ParseError(f"not valid JSON ({exc})") from exc
    return loaded


def parse_json5(text: str) -> object:
    """JSON5 as YAML's flow style reads it: bare keys, single quotes and trailing commas are its."""
    return parse_yaml(_JSON5.sub(lambda m: m[1] or (f"{m[2]}: " if m[2] else " "), text))


def parse_toml(text: str) -> object:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as exc:
        raise ParseError(f"not valid TOML ({exc})") from exc


def parse_yaml(text: str) -> object:
    if len(text) > YAML_CAP:
        raise ParseError(f"larger than {YAML_CAP} bytes of YAML")
    try:
        _refuse_depth(text)
        loaded: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader either way
    except _YAML_FAILURES as exc:
        reason = str(exc).split("\n", maxsplit=1)[0]
        raise ParseError(f"not valid YAML ({reason})") from exc
    return loaded


def parse_yaml_all(text: str) -> list[object]:
    """Every document of a stream."""
    if len(text) > YAML_CAP:
        raise ParseError(f"larger than {YAML_CAP} bytes of YAML")
    try:
        _refuse_depth(text)
        return list(yaml.load_all(text, Loader=_Loader))
    except _YAML_FAILURES as exc:
        raise ParseError("not valid YAML") from exc


def _refuse_depth(text: str) -> None:
    """Whatever nests has a bracket or stands further to the right; only text with many of both is
    read for it, event by event, which takes no stack."""
    indented = max((len(m[0]) for m in _INDENTED.finditer(text)), default=0)
    if text.count("[") + text.count("{") + 2 * indented <= YAML_DEPTH:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_SAFE):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > YAML_DEPTH:
            raise yaml.YAMLError(f"nested deeper than {YAML_DEPTH}")


def parse_xml(text: str) -> ET.Element:
    """XML without a document type: entities are the dangerous part, and no manifest needs them."""
    try:
        _refuse_document_type(text)
        root = ET.fromstring(text)  # noqa: S314 - no declaration gets here, so no entity
    except ParseError:
        raise
    except (ET.ParseError, expat.ExpatError, ValueError, RecursionError) as exc:
        raise ParseError(f"not valid XML ({exc})") from exc
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _refuse_document_type(text: str) -> None:
    """By the parser's own word: comments and processing instructions can make text look like one,
    or hide one from whoever reads it as text. An undeclared entity is an error of its own."""

    def refuse(*_: object) -> None:
        raise ParseError("has a document type declaration")

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(text, True)  # noqa: FBT003 - expat takes it by its place only


def parse_env(text: str) -> dict[str, str]:
    """KEY=value lines, quotes removed, comments and anything else passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        match = _ENV_LINE.match(line)
        if match:
            value = match[2].strip()
            quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
            found[match[1]] = value[1:-1] if quoted else _before_comment(value)
    return found


def _before_comment(value: str) -> str:
    comment = re.search(r"\s#", value)
    return value[: comment.start()].rstrip() if comment else value
