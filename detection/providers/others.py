"""Languages that are recognised but not built: the answer is `unknown`, with the language named."""

import re
from dataclasses import dataclass
from itertools import islice

from detection import signs, values
from detection.finding import Finding, Notes
from detection.place import Place
from detection.versions import clean

_SOURCES_READ = 20


@dataclass(frozen=True, slots=True)
class Framework:
    """A web framework by a pattern in the manifest, and the port it listens on by itself."""

    name: str
    pattern: str
    port: int


@dataclass(frozen=True, slots=True)
class Language:
    """`version` finds it in the manifest; `sources` may name a port; servers are written in it.

    `also` are files that no other language would be known by, but that name a framework; `port` is
    how sources name one where numbers after that word mostly mean a database's.
    """

    name: str
    files: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    weight: float = 0.85
    version: str = ""
    frameworks: tuple[Framework, ...] = ()
    sources: tuple[str, ...] = ()
    manager: str | None = None
    is_backend: bool = False
    also: tuple[str, ...] = ()
    port: str = ""


LANGUAGES = (
    Language(
        "dotnet",
        ("global.json",),
        (".csproj", ".fsproj", ".vbproj", ".sln", ".slnx", ".runtimeconfig.json"),
        0.9,
        r"(?:<TargetFrameworks?>\s*|\"tfm\":\s*\")net(?:coreapp)?(\d+\.\d+)",
        (
            Framework(
                "aspnetcore",
                r"Microsoft\.NET\.Sdk\.Web\"|\"name\":\s*\"Microsoft\.AspNetCore\.(?:App|All)\""
                r"|Microsoft\.AspNetCore\.(?:All|Server\.Kestrel)\"",
                8080,
            ),
            Framework("blazor", r"Sdk\.BlazorWebAssembly|Components\.WebAssembly", 8080),
        ),
        sources=(".cs", "appsettings.json"),
        is_backend=True,
        port=r"https?://(?:\*|\+|0\.0\.0\.0|\[::\]):(\d{2,5})",
    ),
    Language(
        "elixir",
        ("mix.exs",),
        version=r"elixir:\s*\"([^\"]+)\"",
        frameworks=(
            Framework("phoenix", r":phoenix\b", 4000),
            Framework("plug", r":plug_cowboy\b|:bandit\b", 4000),
        ),
        sources=(".ex", ".exs"),
        is_backend=True,
    ),
    Language(
        "deno",
        ("deno.json", "deno.jsonc", "deno.lock"),
        (),
        0.75,
        frameworks=(
            Framework("fresh", r"\$?fresh\b|fresh\.gen", 8000),
            Framework("hono", r"@?hono\b", 8000),
            Framework("oak", r"@oak/oak|deno\.land/x/oak", 8000),
        ),
        sources=(".ts", ".js", ".tsx"),
        is_backend=True,
        also=("import_map.json", "deps.ts", "main.ts"),
    ),
    Language(
        "clojure",
        ("project.clj", "deps.edn", "shadow-cljs.edn"),
        version=r"org\.clojure/clojure\s+(?:\{:mvn/version\s+)?\"([\d.]+)\"",
        frameworks=(Framework("ring", r"\bring(?:/|-|\b)", 3000),),
        is_backend=True,
    ),
    Language(
        "gleam",
        ("gleam.toml",),
        frameworks=(Framework("wisp", r"^wisp\b", 8000), Framework("mist", r"^mist\b", 8000)),
        is_backend=True,
    ),
    Language(
        "swift",
        ("Package.swift",),
        version=r"swift-tools-version:\s*([\d.]+)",
        frameworks=(Framework("vapor", r"vapor/vapor", 8080),),
    ),
    Language("dart", ("pubspec.yaml",), version=r"^[ \t]++sdk:[ \t]*+['\"]?([^'\"\n]++)"),
    Language(
        "scala",
        ("build.sbt",),
        version=r"scalaVersion\s*:=\s*\"([\d.]+)\"",
        frameworks=(
            Framework("play", r"PlayScala|PlayJava|com\.typesafe\.play|playframework", 9000),
            Framework("akka-http", r"akka-http|pekko-http", 8080),
            Framework("http4s", r"http4s", 8080),
        ),
        manager="sbt",
        is_backend=True,
    ),
    Language("cpp", ("CMakeLists.txt", "meson.build"), (".cpp", ".cc"), 0.7),
    Language("zig", ("build.zig",)),
    Language(
        "crystal",
        ("shard.yml",),
        frameworks=(Framework("kemal", r"\bkemal\b", 3000), Framework("lucky", r"\blucky\b", 3000)),
        is_backend=True,
    ),
    Language("haskell", ("stack.yaml", "package.yaml"), (".cabal",), 0.7),
    Language("ocaml", ("dune-project",), (".opam",)),
    Language("nim", (), (".nimble",)),
    Language("erlang", ("rebar.config",), is_backend=True),
    Language("lua", (), (".rockspec",), 0.7),
    Language(
        "perl",
        ("cpanfile", "Makefile.PL"),
        (),
        0.7,
        frameworks=(
            Framework("mojolicious", r"Mojolicious", 3000),
            Framework("dancer", r"Dancer2?", 5000),
        ),
    ),
    Language("julia", ("Project.toml",), (), 0.5),
    Language("r", ("DESCRIPTION", "renv.lock"), (".Rproj",), 0.5),
    Language("cobol", (), (".cbl", ".cob", ".cobol"), 0.7),
    Language("scheme", ("haunt.scm",), (".scm",), 0.6),
    Language("fortran", (), (".f90", ".f95"), 0.6),
    Language("shell", ("start.sh",), (), 0.45),
)
BACKENDS = frozenset(row.name for row in LANGUAGES if row.is_backend)
PROJECT_ENDINGS = tuple(e for row in LANGUAGES if row.is_backend for e in row.endings)


@dataclass(frozen=True, slots=True)
class OtherLanguageProvider:
    manifests: frozenset[str] = frozenset(name for row in LANGUAGES for name in row.files)

    def examine(self, place: Place) -> Finding | None:
        found = [(row, file) for row in LANGUAGES if (file := _marker(place, row))]
        if not found:
            return None
        row, file = max(found, key=lambda pair: pair[0].weight)
        notes = Notes(place)
        notes.saw("other-language", file, row.name, weight=row.weight)
        notes.warn(f"{row.name} is recognised but not built: add a Dockerfile")
        return _describe(place, row, notes)


def _describe(place: Place, row: Language, notes: Notes) -> Finding:
    manifest = _manifest(place, row)
    framework = next(
        (f for f in row.frameworks if re.search(f.pattern, manifest, re.MULTILINE)), None
    )
    if framework:
        notes.saw("framework", notes.evidence[0].file, framework.name)
    version = re.search(row.version, manifest, re.MULTILINE) if row.version else None
    port = _port(notes, row) or framework.port if framework else None
    return Finding(
        "unknown",
        row.name,
        "server" if framework else "program",
        tuple(notes.evidence),
        tuple(notes.warnings),
        language_version=clean(version[1]) if version else None,
        framework=framework.name if framework else None,
        package_manager=row.manager,
        port=port,
    )


def _manifest(place: Place, row: Language) -> str:
    """All manifests of the language here, and project files one folder down, as one text."""
    names = [name for name in row.files if place.has(name)]
    names += [name for name in row.also if place.has(name)]
    names += place.ending(*row.endings) if row.endings else []
    names += [
        f"{folder}/{name}"
        for folder in place.names.walked
        for name in place.index.directory(place.full(folder)).files
        if row.is_backend and row.endings and name.endswith(row.endings)
    ]
    return "\n".join(place.source(name) for name in names[:_SOURCES_READ])


def _port(notes: Notes, row: Language) -> int | None:
    """A port that the code names; settings for development and tests come last."""
    files = list(islice(notes.place.sources(*row.sources), _SOURCES_READ)) if row.sources else []
    if row.port:
        found = (re.search(row.port, notes.place.source(file)) for file in files)
        return next((values.number(match[1]) for match in found if match), None)
    for file in files:
        written = signs.port_in_code(notes.place.source(file))
        if written and not re.search(r"(?:^|/)(?:dev|test)\.exs?$", file):
            notes.saw("port-in-code", file, f"listens on {written.number}", line=written.line)
            return written.number
    return signs.port_in_dotenv(notes)


def _marker(place: Place, row: Language) -> str | None:
    listed = next((name for name in row.files if place.has(name)), None)
    if listed:
        return listed
    ending = place.ending(*row.endings) if row.endings else []
    if ending:
        return ending[0]
    if not row.endings:
        return None
    below = [f"src/{name}" for name in place.index.directory(place.full("src")).files]
    return next((name for name in below if name.endswith(row.endings)), None)
