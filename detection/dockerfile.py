"""A person's own Dockerfile: finding it, and reading what it says about port, language, command."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from detection import values
from detection.place import Place

_NAMES = ("Dockerfile", "Containerfile", "Dockerfile.prod", "Dockerfile.production")
_FOLDERS = ("docker", ".docker", "build", "deploy", "deployment")
_DEVELOPMENT = re.compile(
    r"(?i)(^|[.\-_])(dev|development|test|tests|testing|ci|debug|local)([.\-_]|$)"
)
_INSTRUCTION = re.compile(r"^\s*([A-Za-z]+)\s+(.*)$", re.DOTALL)
_CONTINUED = re.compile(r"[\\`][^\S\n]*+\n\s*+(?:#[^\n]*+(?:\n\s*+|\Z))*+")
# An image's name or a port, with variables in them: what is longer is neither.
_LONGEST = 1000
_VARIABLE = re.compile(r"\$\{?(\w++)(?::?-([^}]*+))?\}?")
_IMAGE_LANGUAGES = (
    # Image name as published, the language of what is built on it.
    (r"node|bun|oven/bun", "nodejs"),
    (r"python|pypy|uv|fastapi|tiangolo/uvicorn-gunicorn\S*|miniconda3?|jupyter", "python"),
    (r"golang|go-toolset", "golang"),
    (r"rust|rust-musl-builder|cargo-chef", "rust"),
    (
        r"openjdk|eclipse-temurin|amazoncorretto|maven|gradle|jdk|tomcat|jetty|graalvm\S*|java",
        "java",
    ),
    (r"ruby|jruby|rails", "ruby"),
    (r"php|composer|frankenphp", "php"),
    (r"sdk|aspnet|dotnet\S*", "dotnet"),
    (r"elixir|erlang", "elixir"),
    (r"deno", "deno"),
)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What one Dockerfile states. `command` is ENTRYPOINT and CMD of the last stage, as typed."""

    path: str
    bases: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    command: str | None = None
    language: str | None = None
    stages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    copied: tuple[str, ...] = ()
    """What COPY and ADD take from the build context."""

    @property
    def image(self) -> str:
        """The image under the last stage."""
        return _under(self.bases, self.stages)


def find_dockerfile(place: Place) -> str | None:
    """The production Dockerfile of a place, relative to the place."""
    found = place.find(*_NAMES)
    if found and place.has_folder(found):
        return None
    if found:
        return found
    candidates = [name for name in place.names.files if _is_variant(name)]
    for folder in _FOLDERS:
        listed = place.index.directory(place.full(folder)).files
        candidates += [f"{folder}/{name}" for name in listed if name in _NAMES]
    return candidates[0] if candidates else None


def _is_variant(name: str) -> bool:
    """Dockerfile.web or web.Dockerfile, unless it is meant for development or tests."""
    part = name.removeprefix("Dockerfile.") if name.startswith("Dockerfile.") else None
    if name.lower().endswith((".dockerfile", ".containerfile")):
        part = name.rpartition(".")[0]
    return bool(part) and not _DEVELOPMENT.search(part or "") and part != "dockerignore"


def read_dockerfile(place: Place, name: str, *, target: str | None = None) -> Dockerfile:
    return parse_dockerfile(place.full(name), place.source(name), target=target)


def parse_dockerfile(path: str, text: str, *, target: str | None = None) -> Dockerfile:
    bases: list[str] = []
    stages: list[str] = []
    variables: dict[str, str] = {}
    final: dict[str, str] = {}
    ports: list[int] = []
    copied: list[str] = []
    for name, rest in _instructions(text):
        if name == "FROM":
            if target and target in stages and stages[-1] == target:
                break
            base, stage = _from(rest, variables)
            bases.append(base)
            stages.append(stage)
            final, ports = {}, []
        elif name in {"ARG", "ENV"}:
            variables.update(_assignments(rest))
        elif name in {"COPY", "ADD"}:
            copied += _copied(rest)
        elif name == "EXPOSE":
            ports += _ports(rest, variables)
        elif name in {"CMD", "ENTRYPOINT"}:
            final[name] = _command(rest)
    command = " ".join(final[n] for n in ("ENTRYPOINT", "CMD") if final.get(n)) or None
    return Dockerfile(
        path,
        tuple(bases),
        tuple(ports),
        command,
        _language(bases, stages),
        tuple(stages),
        variables,
        tuple(copied),
    )


def _copied(rest: str) -> list[str]:
    """Plain sources: not those of another stage, of the network, or with a pattern in them."""
    words = rest.split()
    options = [word for word in words if word.startswith("--")]
    if any(option.startswith("--from") for option in options) or "[" in rest:
        return []
    sources = words[len(options) : -1]
    return [s.strip("/").removeprefix("./") for s in sources if not re.search(r"[*?$<]|://", s)]


def _instructions(text: str) -> list[tuple[str, str]]:
    joined = _CONTINUED.sub(" ", text)
    lines = (line for line in joined.splitlines() if not line.lstrip().startswith("#"))
    matches = (_INSTRUCTION.match(line) for line in lines)
    return [(match[1].upper(), match[2].strip()) for match in matches if match]


def _from(rest: str, variables: dict[str, str]) -> tuple[str, str]:
    words = [word for word in rest.split() if not word.startswith("--")]
    base = _expand(words[0], variables) if words else ""
    stage = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
    return base, stage


def _expand(text: str, variables: dict[str, str]) -> str:
    known = _VARIABLE.sub(lambda m: variables.get(m[1], m[2] or "")[:_LONGEST], text[:_LONGEST])
    return known[:_LONGEST]


def _assignments(rest: str) -> dict[str, str]:
    pairs = re.findall(r"""(?<!\w)(\w++)=("[^"]*"|'[^']*'|\S*)""", rest)
    if not pairs:
        name, _, value = rest.partition(" ")
        return {name: value.strip()}
    return {name: value.strip("\"'") for name, value in pairs}


def _ports(rest: str, variables: dict[str, str]) -> list[int]:
    words = (_expand(word, variables).split("/")[0].split("-")[0] for word in rest.split())
    return [port for word in words if (port := values.number(word))]


def _command(rest: str) -> str:
    if not rest.startswith("["):
        return rest
    try:
        loaded: object = json.loads(rest)
    except (ValueError, RecursionError):
        return rest
    words = values.strings(loaded)
    is_shell = len(words) == 3 and words[0].endswith("sh") and words[1] == "-c"
    return words[2] if is_shell else " ".join(words)


def _under(bases: Sequence[str], stages: Sequence[str]) -> str:
    """What the last stage is made from, which may be an earlier stage, never a later one."""
    base = bases[-1] if bases else ""
    earlier = stages[: len(bases) - 1]
    while base and base in earlier:
        at = earlier.index(base)
        base, earlier = bases[at], earlier[:at]
    return base


def _language(bases: list[str], stages: list[str]) -> str | None:
    """The language of the image that runs, else of the last one that something is built with."""
    images = [base for base in bases if base and base not in stages]
    for image in [_under(bases, stages), *reversed(images)]:
        name = image.split("@")[0].rpartition("/")[2].split(":")[0]
        for pattern, language in _IMAGE_LANGUAGES:
            if re.fullmatch(pattern, name) or re.fullmatch(rf"(?:{pattern})[-_]\S+", name):
                return language
    return None
