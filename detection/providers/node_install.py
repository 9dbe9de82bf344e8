"""How a JavaScript project is installed and built in its image, one row a package manager."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from detection.finding import Notes
from detection.frameworks.node import NodeFramework
from detection.place import Place
from detection.providers.node_package import (
    LOCKS,
    MANIFESTS,
    Manager,
    Package,
    declared,
    manager_version,
    read_package,
)
from detection.providers.node_start import NodeStart

# Programs that run what is started, which the project need not have asked for: TypeScript that
# nothing compiles, and builds whose result is a handler without a server.
_RUNNERS = {"tsx": "tsx@4", "srvx": "srvx@1"}
_NAME = re.compile(r"[\w@./-]+")
_HOOKS = ("preinstall", "install", "postinstall", "prepare", "prepublish")
_CONFIG = (
    ".npmrc",
    ".yarnrc",
    ".yarnrc.yml",
    ".pnpmfile.cjs",
    "bunfig.toml",
    "pnpm-workspace.yaml",
)


# They compile themselves where no ready-made binary for this Node can be downloaded.
_NATIVE = frozenset(
    [
        "bcrypt",
        "better-sqlite3",
        "isolated-vm",
        "kerberos",
        "libxmljs",
        "libxmljs2",
        "microtime",
        "node-expat",
        "node-pty",
        "re2",
        "sodium-native",
        "sqlite3",
        "zeromq",
    ]
)
_ELSEWHERE = frozenset({"@astrojs/vercel", "@astrojs/netlify", "@astrojs/cloudflare"})
_COMPILER = ("g++", "make", "python3")


@dataclass(frozen=True, slots=True)
class Row:
    """Commands of one package manager: with a lock, without one, and dropping what only builds."""

    locked: str
    unlocked: str
    prune: str | None
    run: str
    execute: str


MANAGERS = {
    "npm": Row("npm ci", "npm install", "npm prune --omit=dev", "npm run", "npx"),
    "pnpm": Row(
        "pnpm install --frozen-lockfile",
        "pnpm install",
        "CI=true pnpm prune --prod",
        "pnpm run",
        "pnpm exec",
    ),
    "yarn": Row("yarn install --frozen-lockfile", "yarn install", None, "yarn run", "yarn"),
    "bun": Row("bun install --frozen-lockfile", "bun install", None, "bun run", "bunx"),
}


@dataclass(frozen=True, slots=True)
class NodePlan:
    install: str | None
    build: str | None
    manifests: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    system_packages: tuple[str, ...] = ()


def plan_install(
    place: Place,
    package: Package,
    notes: Notes,
    *,
    manager: Manager,
    framework: NodeFramework | None,
    start: NodeStart,
) -> NodePlan:
    root = manager.root or place
    row = MANAGERS[manager.name]
    version = manager_version(root, manager, package)
    install = row.locked if manager.lock else row.unlocked
    if manager.name == "yarn" and manager.lock and version and version[0] != "1":
        install = "yarn install --immutable"
    if not manager.lock:
        notes.warn("no lock file: every build may install other versions")
    facts = {"manager": manager.name} | ({"manager_version": version} if version else {})
    build = _build(package, framework, row)
    filtered = _with_libraries(place, package, manager) if build else None
    if filtered:
        build = filtered
        facts["build_at_root"] = "yes"
    facts |= _facts(place, package, start, root=root, prune=row.prune if build else None)
    if start.role == "server":
        facts |= _adapter(package, notes)
    compiler = _COMPILER if package.dependencies & _NATIVE else ()
    return NodePlan(install, build, _manifests(place), facts, compiler)


def _facts(
    place: Place, package: Package, start: NodeStart, *, root: Place, prune: str | None
) -> dict[str, str]:
    facts: dict[str, str] = {}
    if _needs_source(place, package, root):
        facts["needs_source"] = "yes"
    if prune and package.development and not _starts_with_dev(package, start):
        facts["prune"] = prune
    for program, release in _RUNNERS.items():
        is_run = (start.command or "").startswith(f"npx {program} ")
        if is_run and program not in package.dependencies:
            facts["interpreter"] = release
    if root.path != place.path:
        facts["workspace_path"] = (
            place.path if root.path == "." else place.path.removeprefix(f"{root.path}/")
        )
        facts["workspace_root"] = root.path
    return facts


def _adapter(package: Package, notes: Notes) -> dict[str, str]:
    """SvelteKit makes a server with adapter-node, which adapter-auto takes where it finds this."""
    adapters = {name for name in package.dependencies if name.startswith("@sveltejs/adapter-")}
    for adapter in sorted(_ELSEWHERE & package.dependencies):
        if "@astrojs/node" not in package.dependencies:
            notes.warn(f"{adapter} makes nothing that starts here: use @astrojs/node")
    if "@sveltejs/adapter-node" in adapters:
        return {}
    if "@sveltejs/adapter-auto" in adapters:
        return {"build_environment": "GCP_BUILDPACKS=1"}
    for adapter in sorted(adapters):
        notes.warn(f"{adapter} makes nothing that starts here: use @sveltejs/adapter-node")
    return {}


def _build(package: Package, framework: NodeFramework | None, row: Row) -> str | None:
    if "build" in package.scripts:
        return f"{row.run} build"
    if framework and framework.build:
        return f"{row.execute} {framework.build}"
    return None


def _with_libraries(place: Place, package: Package, manager: Manager) -> str | None:
    """Members are often built before who requires them: Turborepo and pnpm know the order."""
    root = manager.root
    if root is None or "build" not in package.scripts or not _NAME.fullmatch(package.name or ""):
        return None
    if root.has("turbo.json") and _can_turbo(read_package(root)):
        execute = MANAGERS[manager.name].execute
        return f"{execute} turbo run build --filter={package.name}"
    if manager.name == "pnpm" and '"workspace:' in (place.text("package.json") or ""):
        return f'pnpm --filter "{package.name}..." run build'
    return None


def _can_turbo(package: Package | None) -> bool:
    """Without a packageManager field Turborepo refuses to work."""
    return package is not None and "turbo" in package.dependencies and bool(declared(package))


def _needs_source(place: Place, package: Package, root: Place) -> bool:
    """Hooks run project files during the install, and workspaces or file: links need the tree."""
    if root.path != place.path or any(hook in package.scripts for hook in _HOOKS):
        return True
    links = re.search(r'"(?:file|link|portal|workspace):', place.text("package.json") or "")
    folders = any(place.has_folder(name) for name in ("patches", ".yarn", "prisma"))
    return bool(links) or folders or "workspaces" in package.data


def _starts_with_dev(package: Package, start: NodeStart) -> bool:
    """Whether the start script runs a tool that only the development dependencies bring."""
    script = (start.command or "").rpartition(" ")[2]
    words = set(re.findall(r"[\w@/.-]+", package.command(script) or start.command or ""))
    tools = {"ts-node", "tsx", "nodemon", "vite", "nest", "cross-env", "concurrently", "dotenv"}
    return bool(words & ((tools | package.development) - package.runtime))


def _manifests(place: Place) -> tuple[str, ...]:
    names = (*MANIFESTS, *(file for file, _ in LOCKS), *_CONFIG)
    return tuple(name for name in names if place.has(name))
