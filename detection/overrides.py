"""kyozo.toml and the options of a command: what a person says stands over every rule."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from detection import values
from detection.compose_file import inside
from detection.errors import OverrideError
from detection.index import FolderIndex
from detection.model import DetectedService, EnvironmentVariable, Evidence, ServiceType, Volume
from detection.naming import service_name
from detection.parsing import ParseError, parse_toml

FILE = "kyozo.toml"
TYPES: tuple[ServiceType, ...] = tuple(
    name for name in get_args(ServiceType) if name not in {"database", "unknown"}
)
# What each key takes; docs/detection.md explains them.
KEYS: dict[str, type] = {
    "type": str,
    "path": str,
    "process": str,
    "install": str,
    "build": str,
    "start": str,
    "port": int,
    "health": str,
    "dockerfile": str,
    "version": str,
    "framework": str,
    "output": str,
    "env": dict,
    "volumes": list,
}
_FIELDS = {
    "process": "process",
    "install": "install_command",
    "build": "build_command",
    "start": "start_command",
    "version": "language_version",
    "framework": "framework",
    "output": "output_directory",
}
_HEALTH = re.compile(r"/(?!/)[A-Za-z0-9._~/?&=%-]*")
# `[services.shop]` and what lies below it, or another table such as `[env]`.
_HEADER = re.compile(
    r"""[ \t]*+\[++[ \t]*+(?:services[ \t]*+\.[ \t]*+["']?(?P<name>[^\]"'.\n]++)"""
    r"""|["']?(?P<other>[\w-]++))"""
)
_KEY = re.compile(r"""[ \t]*+["']?([\w-]++)""")
_PATH_KEYS = frozenset({"path", "dockerfile", "output"})


@dataclass(frozen=True, slots=True)
class Override:
    """What is said about one service; `name` is None for the main one."""

    name: str | None
    given: Mapping[str, object]
    file: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def type(self) -> ServiceType | None:
        return next((name for name in TYPES if name == self.given.get("type")), None)

    @property
    def path(self) -> str | None:
        written = values.text(self.given, "path")
        return inside("", written) if written else None


def read_overrides(
    index: FolderIndex, options: Mapping[str, object] | None
) -> tuple[Override, ...]:
    """Those of kyozo.toml, then the options, which win. Raises OverrideError for a bad one."""
    found = _read_file(index)
    if options:
        found.append(_checked(Override(None, {k: v for k, v in options.items() if v is not None})))
    return tuple(found)


def _read_file(index: FolderIndex) -> list[Override]:
    text = index.text(FILE)
    if text is None:
        return []
    try:
        data = values.table(parse_toml(text))
    except ParseError as exc:
        line = re.search(r"at line (\d+)", str(exc))
        at = int(line[1]) if line else text.count("\n") + 1
        raise OverrideError(str(exc), file=FILE, line=at) from exc
    lines = _lines(text)
    main = {key: value for key, value in data.items() if key != "services"}
    found = [_checked(_override(None, main, lines))] if main else []
    for name, said in values.table(data, "services").items():
        if not isinstance(said, Mapping):
            at = lines.get(("services", name), 1)
            raise OverrideError(f"services.{name} must be a table", file=FILE, line=at)
        found.append(_checked(_override(name, values.table(said), lines)))
    return found


def _override(
    name: str | None, said: values.Table, lines: Mapping[tuple[str | None, str], int]
) -> Override:
    header = lines.get((name, ""), 1)
    return Override(name, dict(said), FILE, {key: lines.get((name, key), header) for key in said})


def _lines(text: str) -> dict[tuple[str | None, str], int]:
    """The line of each key of each service, and of the service itself under an empty key.

    In one pass: a search for each would take a hostile file's keys times its length.
    """
    found: dict[tuple[str | None, str], int] = {}
    scope: str | None = None
    for number, line in enumerate(text.split("\n"), start=1):
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            scope = header["name"] or header["other"]
            found.setdefault((scope, "") if header["name"] else (None, scope), number)
        elif key:
            found.setdefault((scope, key[1]), number)
    return found


def _checked(override: Override) -> Override:
    for key, value in override.given.items():
        problem = _problem(key, value)
        if problem:
            raise OverrideError(problem, file=override.file, line=override.lines.get(key))
    return override


def _problem(key: str, value: object) -> str | None:
    wanted = KEYS.get(key)
    if wanted is None:
        return f"unknown key {key!r}: known are {', '.join(KEYS)}"
    if not isinstance(value, wanted) or isinstance(value, bool):
        return f"{key} must be {_ARTICLE[wanted]}"
    return _bad_text(key, value) if isinstance(value, str) else _bad_content(key, value)


_ARTICLE: dict[type, str] = {
    str: "a string",
    int: "a whole number",
    dict: "a table",
    list: "a list",
}


def _bad_text(key: str, value: str) -> str | None:
    if key == "type" and value not in TYPES:
        return f"type must be one of {', '.join(TYPES)}"
    if key in _PATH_KEYS and inside("", value) is None:
        return f"{key} must lie inside the folder"
    if key == "health" and value and not _HEALTH.fullmatch(value):
        return "health must be a path that begins with a slash and names no host, or empty for none"
    if any(ord(character) < 32 for character in value):
        return f"{key} must be one line of plain text"
    return None


def _bad_content(key: str, value: object) -> str | None:
    if key == "port" and isinstance(value, int) and not 0 <= value < 65536:
        return "port must be from 1 to 65535, or 0 for a service that listens on none"
    if isinstance(value, Mapping) and any(values.text(value, name) is None for name in value):
        return "env must map names to plain values"
    if isinstance(value, list) and not all(
        isinstance(v, str) and v.partition(":")[2 if ":" in v else 0].startswith("/") for v in value
    ):
        return 'volumes must be a list of "name:/path" or "/path"'
    return None


def apply(service: DetectedService, override: Override, index: FolderIndex) -> DetectedService:
    """The service as the person wants it, with one piece of evidence for each key."""
    said = override.given
    changes: dict[str, object] = {
        _FIELDS[key]: value or None for key, value in said.items() if key in _FIELDS
    }
    if override.type:
        changes |= {"service_type": override.type, "confidence": 0.99}
    if "port" in said:
        changes["port"] = said["port"] or None
        changes["process"] = said.get("process") or ("web" if said["port"] else "worker")
    if "health" in said:
        changes["health_endpoint"] = said["health"] or None
    if "dockerfile" in said:
        changes["dockerfile_path"] = _dockerfile(override, index)
    if "start" in said:
        changes |= {"entrypoint": (), "command": _command(service, override)}
    if "env" in said:
        changes["environment"] = _environment(service, override)
    if "volumes" in said:
        changes["volumes"] = _volumes(service, override)
    changes["evidence"] = (*_evidence(override), *service.evidence)
    return replace(service, **changes)  # type: ignore[arg-type]


def _command(service: DetectedService, override: Override) -> tuple[str, ...]:
    """What an image that others wrote is told to run; into ours the start command is written."""
    dockerfile = override.given.get("dockerfile", service.dockerfile_path)
    start = values.text(override.given, "start")
    if not start or not (service.image or dockerfile):
        return ()
    try:
        return tuple(shlex.split(start))
    except ValueError as exc:
        line = override.lines.get("start")
        raise OverrideError(f"start: {exc}", file=override.file, line=line) from exc


def _dockerfile(override: Override, index: FolderIndex) -> str | None:
    written = values.text(override.given, "dockerfile")
    path = inside("", written) if written else None
    if path is not None and not index.has(path):
        line = override.lines.get("dockerfile")
        raise OverrideError(f"there is no file {path}", file=override.file, line=line)
    return path


def _environment(service: DetectedService, override: Override) -> tuple[EnvironmentVariable, ...]:
    found = {variable.name: variable for variable in service.environment}
    for name in values.table(override.given, "env"):
        value = values.text(override.given, "env", name)
        found[name] = EnvironmentVariable(name, default=value, evidence=override.file or "option")
    return tuple(found.values())


def _volumes(service: DetectedService, override: Override) -> tuple[Volume, ...]:
    found: list[Volume] = []
    for written in values.strings(override.given, "volumes"):
        name, _, path = written.rpartition(":")
        found.append(Volume(service_name(name or f"{service.name}{path}"), path))
    return tuple(found)


def _evidence(override: Override) -> list[Evidence]:
    file = override.file or "option"
    return [
        Evidence("override", file, f"{key} = {_short(value)}", 0.99, override.lines.get(key))
        for key, value in override.given.items()
    ]


def _short(value: object) -> str:
    # Values of env may be secrets: names are enough.
    return ", ".join(value) if isinstance(value, Mapping) else str(value)[:200]
