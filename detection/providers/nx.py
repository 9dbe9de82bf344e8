"""Applications of an Nx workspace: built from its root, with the root's package.json and lock."""

from dataclasses import dataclass

from detection import signs
from detection.finding import Finding, Notes
from detection.frameworks.node import NODE_FRAMEWORKS, NodeFramework
from detection.place import Place
from detection.providers.node_install import MANAGERS
from detection.providers.node_package import (
    Package,
    asked_versions,
    manager_version,
    pick_manager,
    read_package,
)
from detection.providers.nx_project import Project, read_project, workspace_of
from detection.versions import pick


@dataclass(frozen=True, slots=True)
class NxProvider:
    manifests: frozenset[str] = frozenset({"project.json"})

    def examine(self, place: Place) -> Finding | None:
        root = workspace_of(place)
        project = read_project(place) if root else None
        package = read_package(root) if root else None
        if root is None or project is None or package is None or _has_scripts(place):
            return None
        notes = Notes(place)
        notes.saw("nx-project", "project.json", f"Nx builds {project.name}", weight=0.9)
        return _describe(place, root, package, project, notes)


def _has_scripts(place: Place) -> bool:
    """A package.json of its own that says how to build or start: Nx only calls that."""
    package = read_package(place) if place.has("package.json") else None
    return package is not None and not {"start", "build"}.isdisjoint(package.scripts)


def _describe(
    place: Place, root: Place, package: Package, project: Project, notes: Notes
) -> Finding:
    manager = pick_manager(root, package, notes, root=root)
    row = MANAGERS[manager.name]
    release = manager_version(root, manager, package)
    facts = {
        "manager": manager.name,
        "needs_source": "yes",
        "workspace_root": root.path,
        # One build and then nothing more: no daemon to wait for.
        "build_environment": "NX_DAEMON=false",
    }
    framework = _framework(place, package, project)
    is_site = project.role == "site"
    code = [project.main] if project.main and place.has(project.main) else []
    version = pick(asked_versions(root, package, notes, root=root), notes, tool="node")
    return Finding(
        service_type="static" if is_site else "nodejs",
        language="typescript" if "typescript" in package.dependencies else "javascript",
        role=project.role,
        name=project.name,
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=framework.name if framework else project.framework,
        package_manager=manager.name,
        install_command=row.locked if manager.lock else row.unlocked,
        build_command=project.build,
        start_command=project.start,
        port=8080 if is_site else _port(notes, code, framework),
        health_endpoint="/" if is_site else signs.health_in_code(notes, code),
        environment=signs.environment(notes, code),
        dependencies=package.dependencies,
        output_directory=project.output,
        single_page=is_site,
        build_facts=facts | ({"manager_version": release} if release else {}),
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _framework(place: Place, package: Package, project: Project) -> NodeFramework | None:
    """Of all that the workspace requires, the one that this project's own files name."""
    wanted = [row for row in NODE_FRAMEWORKS if package.dependencies.intersection(row.packages)]
    wanted.sort(key=lambda row: -row.rank)
    if project.framework or project.role == "site":
        return next((row for row in wanted if row.name == project.framework), None)
    source = place.source(project.main) if project.main else ""
    servers = [row for row in wanted if row.kind == "server"]
    used = (r for r in servers if any(f"{q}{p}{q}" in source for p in r.packages for q in "'\""))
    return next(used, None)


def _port(notes: Notes, code: list[str], framework: NodeFramework | None) -> int:
    for file in code:
        written = signs.port_in_code(notes.place.source(file))
        if written:
            notes.saw("port-in-code", file, f"listens on {written.number}", line=written.line)
            return written.number
    return framework.port if framework else 3000
