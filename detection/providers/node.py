"""JavaScript and TypeScript: package.json, its package manager, and what it builds or starts."""

import re
from dataclasses import dataclass

from detection import signs
from detection.finding import Finding, Notes
from detection.frameworks.node import NodeFramework
from detection.place import Place
from detection.providers.node_install import plan_install
from detection.providers.node_package import (
    LOCKS,
    MANIFESTS,
    Package,
    asked_versions,
    pick_manager,
    read_package,
)
from detection.providers.node_start import NodeStart, decide, frameworks_of
from detection.versions import pick
from detection.workspaces import workspace_root

_SCRIPT_FILES = ("server.js", "index.js", "app.js", "main.js", "server.ts", "index.ts", "main.ts")
_RUNNERS = {"npm": "npm run", "pnpm": "pnpm run", "yarn": "yarn run", "bun": "bun run"}


@dataclass(frozen=True, slots=True)
class NodeProvider:
    manifests: frozenset[str] = frozenset(MANIFESTS)

    def examine(self, place: Place) -> Finding | None:
        notes = Notes(place)
        package = read_package(place) if any(place.has(name) for name in MANIFESTS) else None
        if package is None:
            return _bare(place, notes)
        notes.saw("manifest", package.file, package.file, weight=0.6)
        return _describe(place, package, notes)


def _bare(place: Place, notes: Notes) -> Finding | None:
    """A script without package.json, or a broken package.json beside one."""
    lock = next((name for file, name in LOCKS if place.has(file)), None)
    file = place.find(*_SCRIPT_FILES)
    if file is None and not place.has("package.json"):
        return None
    notes.saw("source", file or "package.json", "JavaScript source", weight=0.55 if file else 0.3)
    start = f"node {file}" if file else None
    port = signs.port_in_code(place.source(file)) if file else None
    return Finding(
        service_type="nodejs",
        language="javascript",
        role="library" if file is None else "server" if port else "program",
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
        start_command=start,
        package_manager=lock,
        port=port.number if port else None,
        build_facts={"manager": "none"},
    )


def _describe(place: Place, package: Package, notes: Notes) -> Finding:
    root = workspace_root(place) or place
    manager = pick_manager(place, package, notes, root=root)
    rows = frameworks_of(package, place)
    framework = rows[0] if rows else None
    start = decide(
        place,
        package,
        notes,
        framework=framework,
        runner=_RUNNERS[manager.name],
        is_member=root.path != place.path,
    )
    if framework and framework.kind != "part":
        notes.saw("framework", "package.json", framework.name, weight=0.55)
    plan = plan_install(place, package, notes, manager=manager, framework=framework, start=start)
    if start.role == "site" and plan.build is None:
        notes.warn("nothing builds this site: add a build script")
    code = [start.file] if start.file else []
    version = pick(asked_versions(place, package, notes, root=root), notes, tool="node")
    return Finding(
        service_type="static" if start.role == "site" else "nodejs",
        language="typescript" if _is_typescript(place, package) else "javascript",
        role=start.role,
        name=package.name,
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=_framework_name(rows, start),
        package_manager=manager.name,
        install_command=plan.install,
        build_command=plan.build,
        start_command=start.command,
        port=_port(place, package, notes, framework=framework, start=start),
        health_endpoint=_health(notes, start, code),
        environment=signs.environment(notes, code),
        dependencies=package.dependencies,
        manifest_files=plan.manifests,
        output_directory=start.output,
        single_page=start.single_page,
        system_packages=plan.system_packages,
        build_facts=plan.facts,
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _framework_name(rows: list[NodeFramework], start: NodeStart) -> str | None:
    """The deciding row's name; a site served by a program of its own takes the program's."""
    if start.role in {"server", "program"}:
        served = [row for row in rows if row.kind in {"server", "hybrid"}]
        rows = served or rows
    return rows[0].name if rows else None


def _health(notes: Notes, start: NodeStart, code: list[str]) -> str | None:
    if start.role == "site":
        return "/"
    return signs.health_in_code(notes, code) if start.role == "server" else None


def _port(
    place: Place,
    package: Package,
    notes: Notes,
    *,
    framework: NodeFramework | None,
    start: NodeStart,
) -> int | None:
    if start.role == "site":
        return 8080
    if start.role != "server":
        return None
    script = re.sub(r"^.* run ", "", start.command or "")
    flag = signs.port_in_command(package.command(script) or start.command)
    written = signs.port_in_code(place.source(start.file)) if start.file else None
    if flag:
        notes.saw("port-in-command", "package.json", f"listens on {flag}")
        return flag
    if written:
        detail = f"listens on {written.number}"
        notes.saw("port-in-code", start.file or "", detail, line=written.line)
        return written.number
    return signs.port_in_dotenv(notes) or (framework.port if framework else 3000)


def _is_typescript(place: Place, package: Package) -> bool:
    return "typescript" in package.dependencies or place.has("tsconfig.json")
