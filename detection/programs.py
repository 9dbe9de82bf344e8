"""Compiled programs: a start command that names one finds it where the image puts it."""

import posixpath
import re
from dataclasses import replace

from detection.model import DetectedService

BINARY = "/usr/local/bin/app"
_WORDS = re.compile(r"(?P<before>(?:exec |\w+=\S* )*)(?P<program>\S+)(?P<rest>.*)", re.DOTALL)


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
    """`go run ./cmd/x -v`: what it compiles, compiled before."""
    words = match["rest"].split()
    if words[:1] != ["run"] or len(words) < 2:
        return service
    folder = words[1] if not words[1].endswith(".go") else posixpath.dirname(words[1])
    start = " ".join([match["before"] + BINARY, *words[2:]])
    return replace(_built_from(service, posixpath.normpath(folder)), start_command=start)


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


def _built_from(service: DetectedService, folder: str | None) -> DetectedService:
    if folder is None or not service.build_command or folder.startswith(".."):
        return service
    before = service.build_command.rpartition(" ./")[0]
    return replace(service, build_command=f"{before} ./{'' if folder == '.' else folder}")
