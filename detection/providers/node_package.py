"""What package.json and the files beside it say: package manager, versions, scripts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from detection import values
from detection.finding import Notes
from detection.parsing import parse_json5
from detection.place import Place
from detection.versions import Asked, asked_range, clean, first_line, tool_versions

LOCKS = (
    ("bun.lock", "bun"),
    ("bun.lockb", "bun"),
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "yarn"),
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
)
# npm and yarn read the first one only.
MANIFESTS = ("package.json", "package.json5", "package.yaml")
_CALL = re.compile(r"\b(?:npm|pnpm|yarn|bun)(?: run)? ([\w:.-]+)")
_MANAGERS = ("npm", "pnpm", "yarn", "bun")
# The first release of each long-term line, by the name .nvmrc may use.
_LTS = {
    "argon": "4",
    "boron": "6",
    "carbon": "8",
    "dubnium": "10",
    "erbium": "12",
    "fermium": "14",
    "gallium": "16",
    "hydrogen": "18",
    "iron": "20",
    "jod": "22",
    "krypton": "24",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One package.json, typed; `file` is its name, as pnpm reads it in other notations, too."""

    name: str | None
    scripts: dict[str, str]
    runtime: frozenset[str]
    development: frozenset[str]
    data: values.Table
    file: str = "package.json"

    @property
    def dependencies(self) -> frozenset[str]:
        return self.runtime | self.development

    def command(self, script: str | None, *, depth: int = 3) -> str:
        """What a script runs; scripts that it calls are written out, `depth` levels down."""

        def written_out(call: re.Match[str]) -> str:
            is_ours = call[1] in self.scripts and depth > 0
            return self.command(call[1], depth=depth - 1) if is_ours else call[0]

        return _CALL.sub(written_out, self.scripts.get(script or "", ""))


def read_package(place: Place) -> Package | None:
    file = next((name for name in MANIFESTS if place.has(name)), "package.json")
    document = _document(place, file)
    if not isinstance(document, Mapping):
        return None
    data = values.table(document)
    scripts = {
        name: script
        for name, script in values.table(data, "scripts").items()
        if isinstance(script, str) and script.strip()
    }
    runtime = frozenset(values.table(data, "dependencies")) | frozenset(
        values.table(data, "optionalDependencies")
    )
    development = frozenset(values.table(data, "devDependencies"))
    return Package(values.text(data, "name"), scripts, runtime, development, data, file)


def _document(place: Place, file: str) -> object:
    if file.endswith(".json"):
        return place.json(file)
    return place.parsed(file, parse_json5) if file.endswith(".json5") else place.yaml(file)


@dataclass(frozen=True, slots=True)
class Manager:
    name: str
    version: str | None = None
    lock: str | None = None
    root: Place | None = None
    """The workspace's top, where the lock is, when that is another folder."""


def pick_manager(place: Place, package: Package, notes: Notes, *, root: Place) -> Manager:
    """packageManager, then the lock, then engines, then npm; `root` holds a workspace's lock."""
    locks = [(file, name) for file, name in LOCKS if place.has(file)]
    if not locks and root.path != place.path:
        locks = [(file, name) for file, name in LOCKS if root.has(file)]
    asked = declared(package)
    if asked is None and root.path != place.path:
        above = read_package(root)
        asked = declared(above) if above else None
    found = Manager(_engine_manager(place, package) or "npm")
    if asked:
        found = _declared_manager(asked, locks, notes)
    elif locks:
        found = _locked(locks, notes)
    return replace(found, root=root) if root.path != place.path else found


def declared(package: Package) -> str | None:
    written = values.text(package.data, "packageManager")
    if written and re.fullmatch(r"(npm|pnpm|yarn|bun)@[\w.+:/-]+", written):
        return written
    return values.text(package.data, "devEngines", "packageManager", "name")


def _declared_manager(asked: str, locks: list[tuple[str, str]], notes: Notes) -> Manager:
    name, _, version = asked.partition("@")
    notes.saw("package-manager", "package.json", f"packageManager {asked}", weight=0.1)
    lock = next((file for file, owner in locks if owner == name), None)
    if locks and lock is None:
        notes.warn(f"packageManager says {name}, the lock is {locks[0][0]}: took {name}")
    return Manager(name, clean(version.split("+")[0]), lock)


def _locked(locks: list[tuple[str, str]], notes: Notes) -> Manager:
    names = list(dict.fromkeys(name for _, name in locks))
    if len(names) > 1:
        notes.warn(f"locks of {' and '.join(names)}: took {names[0]}")
    file, name = locks[0]
    notes.saw("lock-file", file, name, weight=0.1)
    return Manager(name, None, file)


def _engine_manager(place: Place, package: Package) -> str | None:
    engines = values.table(package.data, "engines")
    for name in ("pnpm", "yarn", "bun"):
        if name in engines:
            return name
    if place.has(".yarnrc.yml") or place.has_folder(".yarn"):
        return "yarn"
    only_pnpm = ("pnpm-workspace.yaml", ".pnpmfile.cjs", *MANIFESTS[1:])
    if any(place.has(file) for file in only_pnpm):
        return "pnpm"
    if place.has("bunfig.toml"):
        return "bun"
    return None


def manager_version(place: Place, manager: Manager, package: Package) -> str | None:
    """The release of the package manager to install, as far as the project tells."""
    if manager.version:
        return manager.version
    asked = clean(values.text(package.data, "engines", manager.name) or "")
    if asked:
        return asked
    if manager.name == "pnpm" and manager.lock:
        written = re.search(r"lockfileVersion:\s*['\"]?(\d+)", place.source(manager.lock))
        return {"5": "7", "6": "8"}.get(written[1], "9") if written else "9"
    if manager.name == "yarn" and (place.has(".yarnrc.yml") or _is_berry(place)):
        return "4"
    return None


def _is_berry(place: Place) -> bool:
    return "__metadata:" in place.source("yarn.lock")[:2000]


def asked_versions(place: Place, package: Package, notes: Notes, *, root: Place) -> list[Asked]:
    """Precedence: engines, then what version managers pin, then volta; then the workspace's own."""
    engines = asked_range(
        "package.json", values.text(package.data, "engines", "node") or "", tool="node"
    )
    volta = _version(values.text(package.data, "volta", "node") or "")
    pinned = [
        Asked(file, version)
        for file in (".nvmrc", ".node-version")
        if place.has(file) and (version := _version(first_line(place.text(file))))
    ]
    tools = [
        Asked(a.file, v, a.line)
        for a in tool_versions(notes, "nodejs", "node")
        if (v := _version(a.version))
    ]
    found = engines + pinned + tools + ([Asked("package.json", volta)] if volta else [])
    above = read_package(root) if not found and root.path != place.path else None
    return asked_versions(root, above, notes, root=root) if above else found


def _version(written: str) -> str | None:
    name = written.strip().lower().removeprefix("lts/")
    return _LTS.get(name) or clean(written)
