"""Compiled programs: a start command that names one finds it where the image puts it."""

import posixpath
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile

from detection.model import DetectedService

BINARY = "/usr/local/bin/app"
_WORDS = re.compile(r"(?P<before>(?:exec |\w+=\S* )*)(?P<program>\S+)(?P<rest>.*)", re.DOTALL)
# A word of a command with the quotes that are in it.
_QUOTED = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*"|['"])++""")
_PLAIN = re.compile(r"[\w./,-]+")
# Flags of `go run` that may have their value as the next word; the others are switches.
_WITH_VALUE = frozenset(
    ["C", "p", "tags", "ldflags", "gcflags", "asmflags", "gccgoflags", "mod", "modfile", "overlay",
     "pgo", "pkgdir", "toolexec", "exec", "buildmode", "compiler", "installsuffix", "covermode",
     "coverpkg"]
)  # fmt: skip


def fitted(service: DetectedService) -> DetectedService:
    """`web: bin/shop serve` of a Procfile: the program is built for that path, from its folder."""
    if service.service_type not in {"golang", "rust"} or service.dockerfile_path:
        return service
    match = _WORDS.fullmatch(service.start_command or "")
    if match is None or match["program"] in {BINARY, "env", "sh", "bash"}:
        return service
    if service.service_type == "golang" and match["program"] == "go":
        return _go_run(service, match)
    return _named(service, match["program"])


def _go_run(service: DetectedService, match: re.Match[str]) -> DetectedService:
    """`go run -tags x ./cmd/y -v`: what it compiles, compiled before, with the same tags."""
    words = _QUOTED.findall(match["rest"])
    flags, rest = _go_flags(words[1:])
    sources = list(takewhile(lambda word: word.endswith(".go"), rest))
    package = posixpath.dirname(sources[0]) if sources else _folder(service, rest[:1])
    if words[:1] != ["run"] or package is None:
        return service
    folder = posixpath.normpath(posixpath.join(flags.get("C", ""), package))
    arguments = rest[max(len(sources), 1) :]
    start = " ".join([match["before"] + BINARY, *arguments])
    return replace(_built_from(service, folder, flags=_kept(flags)), start_command=start)


def _go_flags(words: list[str]) -> tuple[dict[str, str], list[str]]:
    """The flags of `go run` by name, with their values, and what stands after them."""
    found: dict[str, str] = {}
    waiting = list(words)
    while waiting and waiting[0].startswith("-"):
        name, equals, value = waiting.pop(0).lstrip("-").partition("=")
        if not equals and name in _WITH_VALUE and waiting:
            value = waiting.pop(0)
        found[name] = value.strip("\"'")
    return found, waiting


def _folder(service: DetectedService, word: list[str]) -> str | None:
    """The folder of a package: a path, or an import path that ends in a program's folder."""
    if not word or word[0].startswith("."):
        return word[0] if word else None
    programs = service.build_facts.get("programs", "").split()
    return next((folder for folder in programs if f"/{word[0]}".endswith(f"/{folder}")), None)


def _kept(flags: Mapping[str, str]) -> str:
    """What changes what is compiled; values that are no plain words are left out."""
    kept = (name for name in ("tags", "mod") if _PLAIN.fullmatch(flags.get(name, "")))
    return "".join(f" -{name}={flags[name]}" for name in kept)


def _named(service: DetectedService, program: str) -> DetectedService:
    name = posixpath.basename(program)
    path = program if program.startswith("/") else posixpath.normpath(program)
    if path.startswith(("..", "/bin", "/usr", "/sbin")) or not re.fullmatch(r"[\w./-]+", path):
        return service
    where = path if "/" in program else f"/usr/local/bin/{name}"
    service = replace(service, build_facts={**service.build_facts, "program": where})
    if service.service_type == "golang":
        folders = service.build_facts.get("programs", "").split()
        named = (folder for folder in folders if posixpath.basename(folder) == name)
        return _built_from(service, next(named, None))
    if name not in service.build_facts.get("programs", "").split():
        return service
    build = re.sub(r"--package \S+ --bin \S+", f"--bin {name}", service.build_command or "")
    facts = {**service.build_facts, "binary": name}
    return replace(service, build_command=build, build_facts=facts)


def _built_from(
    service: DetectedService, folder: str | None, *, flags: str = ""
) -> DetectedService:
    build = service.build_command
    if (
        folder is None
        or not build
        or folder.startswith(("..", "/"))
        or not _PLAIN.fullmatch(folder)
    ):
        return service
    before = build.rpartition(" ./")[0].replace("go build", f"go build{flags}", 1)
    return replace(service, build_command=f"{before} ./{'' if folder == '.' else folder}")
