"""Server or files, and the command: what a JavaScript project becomes in production."""

import re
from dataclasses import dataclass
from shlex import quote

from detection import values
from detection.finding import Notes, Role
from detection.frameworks.node import (
    DEV_SERVERS,
    NODE_FRAMEWORKS,
    VITE_CONFIGS,
    NodeFramework,
)
from detection.place import Place
from detection.providers.node_output import configured_output, output_of
from detection.providers.node_package import Package
from detection.providers.nx_project import holds_projects
from detection.workspaces import workspace_patterns

_DEV_SERVER = re.compile(DEV_SERVERS)
_SERVES = re.compile(r"\b(?:node|nodemon|ts-node|tsx|bun|nest|pm2|forever|babel-node|next start)\b")
_ENTRIES = tuple(
    f"{folder}{name}.{ending}"
    for folder in ("", "src/", "server/", "app/")
    for name in ("index", "server", "app", "main")
    for ending in ("js", "mjs", "cjs", "ts", "mts")
)
_LISTENS = re.compile(
    r"\.listen\(|createServer\(|Bun\.serve\(|\bserve\(|export default \{?\s*(?:fetch|port)"
)


@dataclass(frozen=True, slots=True)
class NodeStart:
    role: Role
    command: str | None = None
    file: str | None = None
    output: str | None = None
    single_page: bool = False


def frameworks_of(package: Package, place: Place) -> list[NodeFramework]:
    """Every framework among the dependencies, the deciding one first."""
    found = [row for row in NODE_FRAMEWORKS if package.dependencies.intersection(row.packages)]
    return sorted((row for row in found if _counts(row, package)), key=lambda row: -row.rank)


def _counts(row: NodeFramework, package: Package) -> bool:
    """A server or bundler that only tools pull in, as a development dependency, is no framework."""
    if row.beside and not package.dependencies.intersection(row.beside):
        return False
    if row.kind == "server" and not package.runtime.intersection(row.packages):
        return row.build is not None
    return True


def decide(
    place: Place,
    package: Package,
    notes: Notes,
    *,
    framework: NodeFramework | None,
    runner: str,
    is_member: bool = False,
) -> NodeStart:
    """`runner` is how the package manager runs a script, such as `npm run`.

    The `main` of a workspace member is what others import, not what runs.
    """
    script = _start_script(package, framework)
    if _is_only_a_workspace(place, package, framework, script):
        return NodeStart("library")
    if framework and framework.kind == "hybrid":
        return _hybrid(place, package, notes, framework, script=script, runner=runner)
    if framework and framework.kind == "site" and not _is_server_script(place, package, script):
        is_library = framework.name == "vite" and _bundles_a_library(place, package, is_member)
        return NodeStart("library") if is_library else _site(place, package, framework)
    file = _entry(place, package, script)
    command = f"{runner} {script}" if script else None
    if command is None and framework and framework.start:
        command = framework.start
    if command is None and file:
        command = f"{_interpreter(file, runner)} {quote(file)}"
    listens = framework is not None and framework.kind == "server"
    listens = listens or bool(file and _LISTENS.search(place.source(file)))
    is_for_others = script is None and not listens and (is_member or _is_published(package))
    if command is None or is_for_others:
        return NodeStart("library")
    notes.saw("start", "package.json" if script else file or ".", command, weight=0.2)
    return NodeStart("server" if listens else "program", command, file)


def _is_only_a_workspace(
    place: Place, package: Package, framework: NodeFramework | None, script: str | None
) -> bool:
    """The top of a workspace that requires a framework for its members, and is none itself."""
    if holds_projects(place):
        return bool(re.match(r"(?:npx )?nx\b|$", package.command(script)))
    if script or framework is None or framework.build is None or not workspace_patterns(place):
        return False
    tool = framework.build.split()[0]
    is_run = re.search(rf"(?<![\w-]){tool}\b", package.command("build"))
    return not is_run and not (framework.configs and place.find(*framework.configs))


def _bundles_a_library(place: Place, package: Package, is_member: bool) -> bool:  # noqa: FBT001
    """Vite makes a site of a page: without one it bundles a library, or only runs its tests."""
    config = place.find(*VITE_CONFIGS)
    source = place.source(config) if config else ""
    if any(place.has(f"{folder}index.html") for folder in ("", "src/", "client/", "app/", "web/")):
        return False
    if re.search(r"\broot\s*:", source):
        return False
    is_run = any(re.search(r"\bvite\b", script) for script in package.scripts.values())
    return bool(re.search(r"\blib\s*:\s*\{", source)) or (is_member and bool(source or not is_run))


def _is_published(package: Package) -> bool:
    """What only packages for others to install say about themselves."""
    return not {"files", "exports", "types"}.isdisjoint(package.data)


def _start_script(package: Package, framework: NodeFramework | None) -> str | None:
    """The script for production: start:prod where start is a development tool."""
    names = ("start:prod", "start") if framework and framework.name == "nestjs" else ("start",)
    return next((name for name in names if name in package.scripts), None)


def _is_server_script(place: Place, package: Package, script: str | None) -> bool:
    """A start script that runs a program of the project, rather than a development server."""
    command = package.command(script)
    return bool(_SERVES.search(command)) and not _DEV_SERVER.search(command)


def _hybrid(
    place: Place,
    package: Package,
    notes: Notes,
    framework: NodeFramework,
    *,
    script: str | None,
    runner: str,
) -> NodeStart:
    if _renders_files(place, package, notes, framework):
        return _site(place, package, framework)
    if script and not _DEV_SERVER.search(package.command(script)):
        return NodeStart("server", f"{runner} {script}")
    ssr = next((name for name in package.scripts if name.startswith("serve:ssr")), None)
    start = f"{runner} {ssr}" if ssr else framework.start
    if framework.name == "sveltekit":
        start = f"node {quote(configured_output(place, framework) or 'build')}"
    return NodeStart("server", start)


def _site(place: Place, package: Package, framework: NodeFramework) -> NodeStart:
    output = output_of(place, package, framework)
    return NodeStart("site", output=output, single_page=framework.single_page)


def _renders_files(place: Place, package: Package, notes: Notes, framework: NodeFramework) -> bool:
    """Files or a server, read from the configuration; the adapter decides before the options."""
    if package.dependencies.intersection(framework.server_packages):
        return False
    config = place.find(*framework.configs) if framework.configs else None
    source = place.source(config) if config else ""
    used = package.dependencies.intersection(framework.static_packages)
    if any(name in source for name in used):
        notes.saw("render-mode", config or "package.json", f"{framework.name} exports files")
        return True
    if framework.static_if and re.search(framework.static_if, source):
        notes.saw("render-mode", config or "", f"{framework.name} exports files")
        return True
    if framework.server_if and re.search(framework.server_if, source):
        notes.saw("render-mode", config or "", f"{framework.name} renders on a server")
        return False
    generates = bool(re.search(r"\bnuxi? generate\b", package.scripts.get("build", "")))
    return framework.is_static_by_default or generates


def _entry(place: Place, package: Package, script: str | None) -> str | None:
    """The file that runs: named by the start script, by main or module, or by custom."""
    named = re.search(r"(?:^|\s)(?:\./)?([\w./-]+\.[cm]?[jt]sx?)\b", package.command(script))
    written = [named[1]] if named else []
    written += [t for key in ("main", "module") if (t := values.text(package.data, key))]
    for path in written:
        bare = path.removeprefix("./")
        for file in (bare, f"{bare}.js", f"{bare}/index.js"):
            if place.has(file):
                return file
    return next((file for file in _ENTRIES if place.has(file)), None)


def _interpreter(file: str, runner: str) -> str:
    if runner.startswith("bun"):
        return "bun"
    return "npx tsx" if file.endswith("ts") else "node"
