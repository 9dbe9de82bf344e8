"""Languages that are recognised but not built: the answer is `unknown`, with the language named."""

from dataclasses import dataclass

from detection.finding import Finding, Notes
from detection.place import Place


@dataclass(frozen=True, slots=True)
class Language:
    name: str
    files: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()
    weight: float = 0.85


LANGUAGES = (
    Language("dotnet", ("global.json",), (".csproj", ".fsproj", ".vbproj", ".sln", ".slnx"), 0.9),
    Language("elixir", ("mix.exs",)),
    Language("deno", ("deno.json", "deno.jsonc", "deno.lock"), (), 0.75),
    Language("clojure", ("project.clj", "deps.edn", "shadow-cljs.edn")),
    Language("gleam", ("gleam.toml",)),
    Language("swift", ("Package.swift",)),
    Language("dart", ("pubspec.yaml",)),
    Language("scala", ("build.sbt",)),
    Language("cpp", ("CMakeLists.txt", "meson.build"), (".cpp", ".cc"), 0.7),
    Language("zig", ("build.zig",)),
    Language("crystal", ("shard.yml",)),
    Language("haskell", ("stack.yaml", "package.yaml"), (".cabal",), 0.7),
    Language("ocaml", ("dune-project",), (".opam",)),
    Language("nim", (), (".nimble",)),
    Language("erlang", ("rebar.config",)),
    Language("lua", (), (".rockspec",), 0.7),
    Language("perl", ("cpanfile", "Makefile.PL"), (), 0.7),
    Language("julia", ("Project.toml",), (), 0.5),
    Language("r", ("DESCRIPTION", "renv.lock"), (".Rproj",), 0.5),
    Language("cobol", (), (".cbl", ".cob", ".cobol"), 0.7),
    Language("scheme", ("haunt.scm",), (".scm",), 0.6),
    Language("fortran", (), (".f90", ".f95"), 0.6),
    Language("shell", ("start.sh",), (), 0.45),
)


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
        return Finding("unknown", row.name, "program", tuple(notes.evidence), tuple(notes.warnings))


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
