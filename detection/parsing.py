"""Real parsers behind one error type, with limits that hostile documents run into."""

import json
import re
import tomllib
import xml.etree.ElementTree as ET
from xml.parsers import expat

import yaml

YAML_CAP = 512 * 1024
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


def _plain(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


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
        loaded: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader either way
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as exc:
        reason = str(exc).split("\n", maxsplit=1)[0]
        raise ParseError(f"not valid YAML ({reason})") from exc
    return loaded


def parse_yaml_all(text: str) -> list[object]:
    """Every document of a stream."""
    if len(text) > YAML_CAP:
        raise ParseError(f"larger than {YAML_CAP} bytes of YAML")
    try:
        return list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as exc:
        raise ParseError("not valid YAML") from exc


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
