"""Rust: packages, workspaces and their binaries."""

import re
from dataclasses import dataclass

from detection import signs, values
from detection.finding import Finding, Notes
from detection.frameworks.compiled import RUST_FRAMEWORKS, best
from detection.place import Place
from detection.versions import Asked, clean, first_line, pick, tool_versions

_LISTENS = re.compile(
    r"TcpListener|SocketAddr|\.bind\(|\.listen\(|HttpServer|axum::serve|rocket::|launch\]"
)


_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Binary:
    """A program of the workspace: its package's folder, its name, its source."""

    folder: str
    package: str
    name: str
    file: str


@dataclass(frozen=True, slots=True)
class RustProvider:
    manifests: frozenset[str] = frozenset({"Cargo.toml"})

    def examine(self, place: Place) -> Finding | None:
        if not place.has("Cargo.toml"):
            return None
        notes = Notes(place)
        notes.saw("manifest", "Cargo.toml", "Rust manifest", weight=0.85)
        return _describe(place, notes)


def _describe(place: Place, notes: Notes) -> Finding:
    folders = ["", *_members(place)]
    binaries = [binary for folder in folders for binary in _binaries(place, folder)]
    chosen = _choose(place, binaries)
    crates = frozenset().union(*(_dependencies(place, folder) for folder in folders))
    own = _dependencies(place, chosen.folder) if chosen else crates
    framework = best(RUST_FRAMEWORKS, own) or best(RUST_FRAMEWORKS, crates)
    if chosen:
        notes.saw("binary", chosen.file, f"binary {chosen.name}", weight=0.5)
    if framework:
        notes.saw("framework", "Cargo.toml", framework.name, weight=0.4)
    source = place.source(chosen.file) if chosen else ""
    serves = framework is not None or bool(_LISTENS.search(source))
    files = [chosen.file] if chosen else []
    start = "/usr/local/bin/app" if chosen else None
    if framework and framework.name == "rocket" and start:
        start = f"env ROCKET_ADDRESS=0.0.0.0 ROCKET_PORT=$PORT {start}"
    version = pick(_asked(place, notes), notes, tool="rust")
    return Finding(
        service_type="rust",
        language="rust",
        role="library" if chosen is None else "server" if serves else "program",
        name=values.text(place.toml("Cargo.toml"), "package", "name"),
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=framework.name if framework else None,
        package_manager="cargo",
        build_command=_build(place, chosen),
        start_command=start,
        port=_port(notes, files, framework.port if framework else 8080) if serves else None,
        health_endpoint=signs.health_in_code(notes, files) if serves else None,
        environment=signs.environment(notes, files),
        dependencies=crates,
        manifest_files=tuple(n for n in ("Cargo.toml", "Cargo.lock") if place.has(n)),
        build_facts={"binary": chosen.name if chosen else ""}
        | ({"programs": " ".join(b.name for b in binaries)} if len(binaries) > 1 else {})
        | ({"member": chosen.folder} if chosen and chosen.folder else {})
        | {
            "assets": " ".join(
                n
                for n in ("templates", "static", "public", "assets", "config")
                if place.has_folder(n)
            )
        },
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _members(place: Place) -> list[str]:
    """Workspace members; a pattern with a star takes every folder that has a manifest."""
    found: list[str] = []
    for pattern in values.strings(place.toml("Cargo.toml"), "workspace", "members"):
        bare = pattern.strip("/").removeprefix("./")
        if not bare.endswith("*"):
            found.append(bare)
            continue
        folder = bare.rstrip("*").rstrip("/")
        listed = place.index.directory(place.full(folder) if folder else place.path).walked
        found += [f"{folder}/{name}" if folder else name for name in listed]
    return [folder for folder in found if place.has(f"{folder}/Cargo.toml")]


def _manifest(place: Place, folder: str) -> object:
    return place.toml(f"{folder}/Cargo.toml" if folder else "Cargo.toml")


def _binaries(place: Place, folder: str) -> list[Binary]:
    manifest = _manifest(place, folder)
    package = values.text(manifest, "package", "name")
    if package is None:
        return []
    prefix = f"{folder}/" if folder else ""
    found: list[Binary] = []
    for item in values.items(manifest, "bin"):
        name = values.text(item, "name") or package
        path = values.text(item, "path") or "src/main.rs"
        found.append(Binary(folder, package, name, prefix + path.removeprefix("./")))
    if not found and place.has(f"{prefix}src/main.rs"):
        found.append(Binary(folder, package, package, f"{prefix}src/main.rs"))
    extra = place.index.directory(place.full(f"{prefix}src/bin")).files
    found += [
        Binary(folder, package, name.removesuffix(".rs"), f"{prefix}src/bin/{name}")
        for name in extra
        if name.endswith(".rs")
    ]
    named = (b for b in found if _NAME.fullmatch(b.name) and _NAME.fullmatch(b.package))
    return [binary for binary in named if place.has(binary.file)]


def _choose(place: Place, binaries: list[Binary]) -> Binary | None:
    """default-run, then the package's own name, then the first that listens, then the first."""
    default = values.text(place.toml("Cargo.toml"), "package", "default-run")
    for wanted in (
        lambda b: b.name == default,
        lambda b: b.folder == "" and b.name == b.package,
        lambda b: bool(_LISTENS.search(place.source(b.file))),
        lambda b: True,
    ):
        found = next((binary for binary in binaries if wanted(binary)), None)
        if found:
            return found
    return None


def _dependencies(place: Place, folder: str) -> frozenset[str]:
    return frozenset(values.table(_manifest(place, folder), "dependencies"))


def _build(place: Place, chosen: Binary | None) -> str:
    locked = " --locked" if place.has("Cargo.lock") else ""
    if chosen is None:
        return f"cargo build --release{locked}"
    return f"cargo build --release{locked} --package {chosen.package} --bin {chosen.name}"


def _port(notes: Notes, files: list[str], default: int) -> int:
    for file in files:
        written = signs.port_in_code(notes.place.source(file))
        if written:
            notes.saw("port-in-code", file, f"listens on {written.number}", line=written.line)
            return written.number
    rocket = values.table(notes.place.toml("Rocket.toml")) if notes.place.has("Rocket.toml") else {}
    for profile in ("release", "default", "global"):
        port = values.number(values.dig(rocket, profile, "port"))
        if port:
            return port
    return signs.port_in_dotenv(notes) or default


def _asked(place: Place, notes: Notes) -> list[Asked]:
    asked: list[Asked] = []
    if place.has("rust-toolchain.toml"):
        channel = values.text(place.toml("rust-toolchain.toml"), "toolchain", "channel")
        asked += [Asked("rust-toolchain.toml", channel)] if channel and clean(channel) else []
    plain = first_line(place.text("rust-toolchain")) if place.has("rust-toolchain") else ""
    if clean(plain):
        asked.append(Asked("rust-toolchain", clean(plain) or ""))
    asked += tool_versions(notes, "rust")
    written = values.text(place.toml("Cargo.toml"), "package", "rust-version")
    return asked + ([Asked("Cargo.toml", written)] if written else [])
