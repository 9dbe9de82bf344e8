"""Go: modules, workspaces and the folders that hold a main package."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from detection import signs
from detection.finding import Finding, Notes, Program
from detection.frameworks.compiled import GO_FRAMEWORKS, best_by_prefix
from detection.naming import is_worker_name
from detection.place import Place
from detection.programs import BINARY
from detection.versions import Asked, first_line, pick, tool_versions

_OLD_MANIFESTS = ("Gopkg.toml", "glide.yaml")
_GO_LINE = re.compile(r"^go\s+(\d+(?:\.\d+)*)", re.MULTILINE)
_TOOLCHAIN = re.compile(r"^toolchain\s+go(\d+(?:\.\d+)*)", re.MULTILINE)
_MODULE = re.compile(r"^module\s+\"?([^\s\"]+)", re.MULTILINE)
_REQUIRE = re.compile(
    r"^[ \t]*+(?:require[ \t]++)?([\w-]++\.[\w.-]++/\S++)[ \t]++v\S++"
    r"(?:[ \t]*+//[ \t]*+(indirect))?",
    re.MULTILINE,
)
_MAIN = re.compile(r"^package\s+main\b", re.MULTILINE)
_MAIN_FUNCTION = re.compile(r"^func\s+main\s*\(\s*\)", re.MULTILINE)
_NOT_BUILT = re.compile(r"^//go:build\s+ignore|^// \+build\s+ignore", re.MULTILINE)
_LISTENS = re.compile(r"net/http|ListenAndServe|net\.Listen|\.Listen\(|grpc\.NewServer")
_SERVES = re.compile(r"ListenAndServe|\.(?:Listen|Run|Start)\(\s*[\"':]|grpc\.NewServer")
_ASSETS = (
    "templates",
    "static",
    "public",
    "views",
    "assets",
    "web",
    "config",
    "configs",
    "migrations",
)
_PLAIN = re.compile(r"[\w./-]*")
_USUAL = ("server", "api", "web", "app", "main", "http", "service", "serve", "backend")


@dataclass(frozen=True, slots=True)
class GoProvider:
    manifests: frozenset[str] = frozenset({"go.mod", "go.work"})

    def examine(self, place: Place) -> Finding | None:
        manifest = place.find("go.work", "go.mod", *_OLD_MANIFESTS)
        named = manifest or place.has_folder("Godeps") or place.ending(".go")
        if not named and not _main_packages(place):
            return None
        notes = Notes(place)
        if manifest:
            notes.saw("manifest", manifest, "Go manifest", weight=0.8)
        return _describe(place, notes)


def _describe(place: Place, notes: Notes) -> Finding:
    module = place.text("go.mod") or ""
    mains = _main_packages(place)
    chosen = _choose(place, mains, module)
    required = frozenset(m[1] for m in _REQUIRE.finditer(module) if not m[2])
    files = _files(place, chosen) if chosen is not None else []
    if chosen is not None:
        # A program below, with nothing at the top that says so, may be a tool of the project.
        is_stray = bool(chosen) and not notes.evidence
        notes.saw("main-package", files[0], "package main", weight=0.35 if is_stray else 0.6)
    programs = tuple(_beside(place, mains, chosen))
    if len(mains) > 1 + len(programs):
        started = {_build(chosen or ""), *(program.build_command for program in programs)}
        others = ", ".join(main or "." for main in mains if _build(main) not in started)
        notes.warn(f"several programs: took {chosen or '.'}, not {others}")
    framework = best_by_prefix(GO_FRAMEWORKS, required)
    if framework:
        notes.saw("framework", "go.mod", framework.name, weight=0.4)
    serves = framework is not None or any(_LISTENS.search(s) for s in _sources(place, files))
    port = _port(notes, files, default=framework.port if framework else 8080) if serves else None
    version = pick(_asked(place, notes, module), notes, tool="go")
    return Finding(
        service_type="golang",
        language="go",
        role="library" if chosen is None else "server" if serves else "program",
        name=_name(module),
        language_version=version.version or None,
        minimum_version=version.minimum,
        framework=framework.name if framework else None,
        package_manager=None if place.find(*_OLD_MANIFESTS) else "gomod",
        install_command="go mod download" if module else None,
        build_command=_build(chosen or ""),
        start_command=BINARY if chosen is not None else None,
        port=port,
        health_endpoint=signs.health_in_code(notes, files) if serves else None,
        environment=signs.environment(notes, files),
        dependencies=required,
        manifest_files=tuple(name for name in ("go.mod", "go.sum") if place.has(name)),
        build_facts=_facts(place, module, mains),
        programs=programs,
        # Last: what stands above adds to them.
        evidence=tuple(notes.evidence),
        warnings=tuple(notes.warnings),
    )


def _build(folder: str) -> str:
    return f"go build -trimpath -ldflags='-s -w' -o {BINARY} ./{folder}"


def _beside(place: Place, mains: list[str], chosen: str | None) -> Iterator[Program]:
    """The other servers of cmd/, and workers by their name: what is left there are tools."""
    for folder in mains:
        above, _, name = folder.rpartition("/")
        if folder == chosen or not above.endswith("cmd") or not _PLAIN.fullmatch(folder):
            continue
        if is_worker_name(name):
            yield Program(name, _build(folder))
        elif chosen and chosen.rpartition("/")[0] == above and _listens(place, folder, _SERVES):
            files = [f for f in _files(place, folder) if f.rpartition("/")[0] == folder]
            written = (signs.port_in_code(place.source(file)) for file in files)
            port = next((found.number for found in written if found), 8080)
            yield Program(name, _build(folder), port)


def _facts(place: Place, module: str, mains: list[str]) -> dict[str, str]:
    facts = {"assets": " ".join(name for name in _ASSETS if place.has_folder(name))}
    if len(mains) > 1:
        facts["programs"] = " ".join(main or "." for main in mains if _PLAIN.fullmatch(main))
    if place.has_folder("vendor"):
        facts["vendored"] = "yes"
    if place.has("go.work") or re.search(r"^replace\s.*=>\s+\.", module, re.MULTILINE):
        facts["needs_source"] = "yes"
    if not module and not place.has("go.work"):
        facts["no_module"] = "yes"
    return facts


def _main_packages(place: Place) -> list[str]:
    """Folders with a main function, relative to the place; "" is the place itself."""
    found: dict[str, None] = {}
    # With nothing of Go up here, a folder that is built by itself is an application of its own.
    is_ours = place.find("go.work", "go.mod", *_OLD_MANIFESTS) or place.ending(".go")
    until = {"go.mod"} if is_ours else {"go.mod", "Dockerfile", "Containerfile"}
    for file in islice(place.sources(".go", until=frozenset(until)), 600):
        folder = file.rpartition("/")[0]
        if folder in found or file.endswith("_test.go"):
            continue
        source = place.source(file)
        is_main = _MAIN.search(source) and _MAIN_FUNCTION.search(source)
        if is_main and not _NOT_BUILT.search(source):
            found[folder] = None
    return list(found)


def _choose(place: Place, mains: list[str], module: str) -> str | None:
    """The root, then cmd/<module>, then a usual name, then the first that listens, or the first."""
    if not mains:
        return None
    named = _name(module) or place.index.root.name

    def rank(folder: str) -> tuple[int, str]:
        last = folder.rpartition("/")[2]
        if folder == "":
            return (0, folder)
        if last == named:
            return (1, folder)
        if last in _USUAL:
            return (2 + _USUAL.index(last), folder)
        return (50 + folder.count("/") + (0 if _listens(place, folder) else 20), folder)

    return min(mains, key=rank)


def _listens(place: Place, folder: str, pattern: re.Pattern[str] = _LISTENS) -> bool:
    files = place.index.directory(place.full(folder)).files
    sources = (place.source(f"{folder}/{name}") for name in files if name.endswith(".go"))
    return any(pattern.search(source) for source in sources)


def _name(module: str) -> str | None:
    match = _MODULE.search(module)
    parts = (
        [part for part in match[1].split("/") if not re.fullmatch(r"v\d+", part)] if match else []
    )
    return parts[-1] if parts else None


def _files(place: Place, folder: str) -> list[str]:
    """The main package's files, main.go first, then the rest of the module."""
    written = (f for f in place.sources(".go") if not f.endswith(("_test.go", ".pb.go")))
    here = list(islice(written, 200))
    inside = [f for f in here if f.rpartition("/")[0] == folder]
    return (
        sorted(inside, key=lambda f: not f.endswith("main.go"))
        + [f for f in here if f not in inside][:40]
    )


def _sources(place: Place, files: list[str]) -> list[str]:
    return [place.source(file) for file in files]


def _port(notes: Notes, files: list[str], *, default: int) -> int:
    for file in files:
        written = signs.port_in_code(notes.place.source(file))
        if written:
            notes.saw("port-in-code", file, f"listens on {written.number}", line=written.line)
            return written.number
    return signs.port_in_dotenv(notes) or default


def _asked(place: Place, notes: Notes, module: str) -> list[Asked]:
    asked = tool_versions(notes, "go", "golang")
    written = first_line(place.text(".go-version")) if place.has(".go-version") else ""
    if re.match(r"\d", written):
        asked.insert(0, Asked(".go-version", written))
    work = place.text("go.work") or ""
    for file, text in (("go.mod", module), ("go.work", work)):
        match = _TOOLCHAIN.search(text) or _GO_LINE.search(text)
        if match:
            asked.append(Asked(file, match[1], text.count("\n", 0, match.start()) + 1))
    return asked
