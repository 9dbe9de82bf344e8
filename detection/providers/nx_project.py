"""Nx: what project.json builds and starts, or the configuration that a plugin reads instead."""

import posixpath
import re
from dataclasses import dataclass
from shlex import quote
from typing import Literal

from detection import values
from detection.place import Place

_FOLDERS = ("apps", "packages", "projects", "services")
_SITES = re.compile(r"(?:vite|web|rollup|angular|build-angular|astro)\S{0,200}:(?!node|server)")
_NEXT = re.compile(r"next:build$")
_TSC = re.compile(r":(?:tsc|swc)$")
_OUTPUT = re.compile(
    r"""(?:outDir\s*:|path\s*:\s*(?:path\.)?join\(__dirname,)\s*["']([^"']+)["']"""
)
_ANY_NODE = re.compile(r"""target\s*:\s*["']node""")


@dataclass(frozen=True, slots=True)
class Project:
    """One application of an Nx workspace; paths are relative to the workspace's root."""

    name: str
    role: Literal["server", "site"]
    build: str | None
    start: str | None = None
    output: str | None = None
    main: str | None = None
    """The source file that starts, relative to the project."""
    framework: str | None = None


def workspace_of(place: Place) -> Place | None:
    """The Nx workspace a folder belongs to: the nearest nx.json, here or above."""
    path = place.path
    while True:
        above = Place(place.index, path)
        if above.has("nx.json"):
            return above
        if path == ".":
            return None
        path = path.rpartition("/")[0] or "."


def holds_projects(place: Place) -> bool:
    """Whether applications of an Nx workspace lie below: package.json here is that of them all."""
    if not place.has("nx.json") or place.has("project.json"):
        return False
    return any(
        place.has(f"{folder}/{name}/project.json")
        for folder in _FOLDERS
        for name in place.index.directory(place.full(folder)).walked
    )


def read_project(place: Place) -> Project | None:
    """An application that is built or started here; None for libraries and test projects."""
    root = workspace_of(place)
    if root is None or not place.has("project.json"):
        return None
    data = place.json("project.json")
    if values.text(data, "projectType") == "library":
        return None
    name = _plain(values.text(data, "name")) or place.path.rpartition("/")[2]
    targets = values.table(data, "targets") or values.table(data, "architect")
    found = _from_target(place, name, targets) or _from_files(place, name, targets)
    start = _own_start(values.table(targets, "start"))
    if start is None or found is None or found.role == "site":
        return found
    return Project(name, "server", found.build, start, None, found.main, found.framework)


def _own_start(target: values.Table) -> str | None:
    """A start target that runs a command."""
    options = values.table(target, "options")
    listed = values.items(options, "commands")
    written = [values.text(options, "command"), values.text(target, "command")]
    written += [c if isinstance(c, str) else values.text(c, "command") for c in listed]
    commands = [command for command in written if command]
    return commands[0] if len(commands) == 1 else None


def _from_target(place: Place, name: str, targets: values.Table) -> Project | None:
    build = values.table(targets, "build")
    executor = values.text(build, "executor") or values.text(build, "builder")
    if executor is None:
        return None
    options = values.table(build, "options")
    written = values.text(options, "outputPath") or values.text(options, "outputPath", "base")
    output = _in_workspace(_plain(written) or f"dist/{place.path}", place)
    if _NEXT.search(executor):
        return _next(name, output)
    is_page = "index" in options or values.text(options, "target") == "web"
    if is_page or (_SITES.search(executor) and not _is_node(place)):
        below = "/browser" if executor.endswith(":application") else ""
        kind = next((tool for tool in ("angular", "vite", "astro") if tool in executor), None)
        return Project(name, "site", _build(name), output=output + below, framework=kind)
    main = posixpath.relpath(values.text(options, "main") or "src/main.ts", place.path)
    main = main if place.has(main) else "src/main.ts"
    stem = posixpath.splitext(posixpath.basename(main))[0]
    folder = f"{output}/src" if _TSC.search(executor) else output
    return _server(name, f"{folder}/{stem}.js", main)


def _from_files(place: Place, name: str, targets: values.Table) -> Project | None:
    """Targets that Nx infers from the configuration of the tools."""
    if place.find("next.config.js", "next.config.ts", "next.config.mjs"):
        return _next(name, place.path)
    config = place.find(
        *(f"{tool}.config.{ending}" for tool in ("vite", "webpack", "rspack", "rsbuild", "astro")
          for ending in ("ts", "js", "mts", "mjs"))
    )  # fmt: skip
    if config is None:
        return None
    written = _OUTPUT.search(place.source(config))
    output = posixpath.normpath(posixpath.join(place.path, written[1] if written else "dist"))
    told = _plain(next(iter(values.strings(targets, "build", "outputs")), None))
    if told or output.startswith(".."):
        output = _in_workspace(told or f"dist/{place.path}", place)
    if _is_node(place):
        return _server(name, f"{output}/main.js", "src/main.ts")
    makes_pages = config.startswith(("astro", "rsbuild"))
    is_site = makes_pages or place.has("index.html") or place.has("src/index.html")
    tool = config.partition(".")[0]
    return Project(name, "site", _build(name), output=output, framework=tool) if is_site else None


def _is_node(place: Place) -> bool:
    configs = (f"webpack.config.{ending}" for ending in ("js", "ts"))
    has_page = place.has("index.html") or place.has("src/index.html")
    return any(_ANY_NODE.search(place.source(file)) for file in configs) or (
        not has_page and "listen(" in place.source("src/main.ts")
    )


def _next(name: str, folder: str) -> Project:
    return Project(name, "server", _build(name), f"next start {quote(folder)}", framework="nextjs")


def _server(name: str, file: str, main: str) -> Project:
    return Project(name, "server", _build(name), f"node {quote(file)}", main=main)


def _build(name: str) -> str:
    return f"npx nx build {quote(name)}"


def _plain(text: str | None) -> str | None:
    return text if text and re.fullmatch(r"[\w@./{}-]+", text) and ".." not in text else None


def _in_workspace(path: str, place: Place) -> str:
    path = path.replace("{workspaceRoot}/", "").replace("{projectRoot}", place.path)
    return posixpath.normpath(path).lstrip("./") or "dist"
